// What the types of results that grow promise.
import { type Extending, type MemoizedGenerator, Memory } from "bloscache";
import { expectTypeOf, it } from "vitest";

const memory = new Memory(null);

it("a series gives the typed array of its dtype, for its arguments", () => {
  const walk = memory.incremental({
    id: "walk",
    dtype: "<f4",
    extend: ({ args }: Extending<{ seed: number }, Float32Array, { at: number }>) => ({
      data: Float32Array.of(args.seed),
      state: { at: 1 },
    }),
  });
  expectTypeOf(walk).parameter(0).toEqualTypeOf<{ seed: number }>();
  expectTypeOf(walk({ seed: 1 }, { length: 0 })).resolves.toEqualTypeOf<Float32Array>();
  expectTypeOf(walk.read({ seed: 1 })).resolves.toEqualTypeOf<Float32Array>();
  expectTypeOf(walk.lengthOf).returns.toBeNumber();
  // @ts-expect-error: a length is needed
  walk({ seed: 1 }, {});
  // @ts-expect-error: Float64Array is not what "<f4" is
  memory.incremental({ id: "w", dtype: "<f4", extend: () => new Float64Array(1) });
});

it("a generator keeps its type, and can be asked what generators can", () => {
  function* frames(scene: string): Generator<Float32Array, number, undefined> {
    yield Float32Array.of(scene.length);
    return 1;
  }
  const memoized = memory.memoize(frames, {
    id: "frames",
    resume: ({ last, count }, scene) => {
      expectTypeOf(last).toEqualTypeOf<Float32Array>();
      expectTypeOf(count).toBeNumber();
      return frames(scene);
    },
  });
  expectTypeOf(memoized).toEqualTypeOf<MemoizedGenerator<typeof frames>>();
  expectTypeOf(memoized("a")).toEqualTypeOf<Generator<Float32Array, number, undefined>>();
  expectTypeOf(memoized.keyOf).parameters.toEqualTypeOf<[string]>();
  // @ts-expect-error: there is no result as a whole
  memoized.peek("a");
});

it("a stream is for using", async () => {
  const walk = memory.incremental({ id: "walk", dtype: "<f4", extend: () => new Float32Array(1) });
  await using stream = walk.stream(1);
  expectTypeOf(stream[Symbol.asyncDispose]).returns.toEqualTypeOf<Promise<void>>();
  // @ts-expect-error: it has to be waited for
  using early = walk.stream(1);
  expectTypeOf(early).not.toExtend<Disposable>();
});

it("asynchronous generators too, and other functions as before", () => {
  async function* later(n: number): AsyncGenerator<Float64Array> {
    yield Float64Array.of(n);
  }
  const memoized = memory.memoize(later, { id: "later" });
  expectTypeOf(memoized(1)).toEqualTypeOf<AsyncGenerator<Float64Array>>();
  expectTypeOf(memory.memoize((n: number) => n, { id: "n" }).peek).toBeFunction();
  // biome-ignore lint/suspicious/noExplicitAny: what is known of a function that nobody has typed
  const untyped = (...args: any[]): any => args;
  expectTypeOf(memory.memoize(untyped, { id: "any" }).peek).toBeFunction();
});
