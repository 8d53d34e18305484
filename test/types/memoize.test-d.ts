import { type MemoizedFunction, type MemoizeOptions, Memory, memoize } from "bloscache";
import { type Ndarray, unpackNdarray } from "bloscache/format";
import { expectTypeOf, test } from "vitest";

const memory = new Memory("cache");

test("a memoized function has the type of the function", () => {
  const distances = (lat: Float64Array, lon: Float64Array, scale = 1) =>
    lat.map((x, i) => x * scale + (lon[i] ?? 0));
  const memoized = memory.memoize(distances);
  expectTypeOf(memoized).toEqualTypeOf<MemoizedFunction<typeof distances>>();
  expectTypeOf(memoized).parameters.toEqualTypeOf<Parameters<typeof distances>>();
  expectTypeOf(memoized).returns.toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(memoize(async (x: number) => [x], { id: "x" })(1)).toEqualTypeOf<
    Promise<number[]>
  >();
});

test("what is asked of it is of the function's types", () => {
  const sync = memory.memoize((length: number) => new Float32Array(length), { id: "sync" });
  const later = memory.memoize(async (name: string) => name.length, { id: "later" });
  expectTypeOf(sync.peek(1)).toEqualTypeOf<Float32Array<ArrayBuffer> | undefined>();
  expectTypeOf(later.peek("")).toEqualTypeOf<Promise<number | undefined>>();
  expectTypeOf(sync.refresh).toEqualTypeOf<(length: number) => Float32Array<ArrayBuffer>>();
  expectTypeOf(sync.set).returns.toEqualTypeOf<boolean>();
  expectTypeOf(later.set).returns.toEqualTypeOf<Promise<boolean>>();
  expectTypeOf(sync.has).parameters.toEqualTypeOf<[length: number]>();
  expectTypeOf(sync.with({ maxAgeMs: 1 })).parameters.toEqualTypeOf<[length: number]>();
});

test("options know the function", () => {
  memory.memoize((x: number, debug: { log: boolean }) => [x, debug.log], {
    id: "known",
    key: (x, debug) => {
      expectTypeOf(x).toEqualTypeOf<number>();
      expectTypeOf(debug).toEqualTypeOf<{ log: boolean }>();
      return x;
    },
  });
  memory.memoize(async (x: number) => x, {
    id: "asynchronous",
    normalize: ([x]) => [Math.round(x)],
    shouldCache: (result, { durationMs }) => result > durationMs,
  });
});

test("overloads survive", () => {
  function pick(x: string): string;
  function pick(x: number): number;
  function pick(x: unknown) {
    return x as never;
  }
  expectTypeOf(memory.memoize(pick)("a")).toEqualTypeOf<string>();
  expectTypeOf(memory.memoize(pick)(1)).toEqualTypeOf<number>();
});

test("methods keep their types", () => {
  class Model {
    @memory.memoize
    scores(values: Float32Array): Float32Array {
      return values;
    }
    @memory.memoize({ version: 2 })
    async later(): Promise<number> {
      return 1;
    }
  }
  expectTypeOf<Model["scores"]>().toEqualTypeOf<(values: Float32Array) => Float32Array>();
  expectTypeOf<Model["later"]>().toEqualTypeOf<() => Promise<number>>();
});

test("options are checked", () => {
  expectTypeOf<{ ids: string }>().not.toExtend<MemoizeOptions>();
  expectTypeOf<{ id: string; version: 1; this: "ignore" }>().toExtend<MemoizeOptions>();
});

test("arrays that are read have their shape", () => {
  expectTypeOf(unpackNdarray).returns.toEqualTypeOf<Ndarray>();
  expectTypeOf<Ndarray["shape"]>().toEqualTypeOf<readonly number[]>();
});

test("a cache and its handles are for using", async () => {
  using memory = new Memory(null);
  await using later = new Memory(null);
  expectTypeOf(memory).toExtend<Disposable & AsyncDisposable>();
  const ramp = later.memoize((length: number) => new Float32Array(length), { id: "ramp" });
  using handle = ramp.shelve(1);
  await using other = await later.memoize(async () => new Float64Array(1), { id: "f" }).shelve();
  using parts = handle.chunks();
  await using laterParts = other.chunks();
  expectTypeOf([...parts]).toEqualTypeOf<Float32Array<ArrayBuffer>[]>();
  expectTypeOf(laterParts).toExtend<AsyncDisposable>();
  // @ts-expect-error: a promise of a handle is none
  using promise = later.memoize(async () => new Float64Array(1), { id: "g" }).shelve();
  expectTypeOf(promise).not.toExtend<Disposable>();
});
