import { type MemoizeOptions, Memory, memoize } from "bloscache";
import { type Ndarray, unpackNdarray } from "bloscache/format";
import { expectTypeOf, test } from "vitest";

const memory = new Memory("cache");

test("a memoized function has the type of the function", () => {
  const distances = (lat: Float64Array, lon: Float64Array, scale = 1) =>
    lat.map((x, i) => x * scale + (lon[i] ?? 0));
  expectTypeOf(memory.memoize(distances)).toEqualTypeOf(distances);
  expectTypeOf(memoize(async (x: number) => [x], { id: "x" })).toEqualTypeOf<
    (x: number) => Promise<number[]>
  >();
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
