// What a function returns is what a hit returns: equal, and of the same types.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { types } from "node:util";
import { runInNewContext } from "node:vm";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { difference } from "./difference.mjs";

/** The option is newer than the language level of this project's types. */
type ResizableConstructor = new (nbytes: number, options: { maxByteLength: number }) => ArrayBuffer;

const warnings = collectWarnings();
const memory = new Memory(temporaryFolder());

let made = 0;

/** The result of a hit, and how often the function ran for it. */
function storeAndRead(result: unknown): { value: unknown; runs: number } {
  let runs = 0;
  const fn = memory.memoize(
    () => {
      runs++;
      return result;
    },
    { id: `f${made++}` },
  );
  fn();
  return { value: fn(), runs };
}

describe("a result", () => {
  it("that is a view keeps its part only", () => {
    const whole = Float64Array.from({ length: 20_000 }, (_, i) => i);
    for (const view of [whole.subarray(5, 9), whole.subarray(100, 15_000)]) {
      const { value } = storeAndRead(view);
      expect(value).toEqual(view);
      expect((value as Float64Array).buffer.byteLength).toBe(view.byteLength);
    }
  });

  it("reads each of its fields once", () => {
    let reads = 0;
    const result = {
      get data() {
        reads++;
        return new Float64Array(4).fill(reads);
      },
      shape: [2, 2],
    };
    const { value } = storeAndRead(result);
    expect(reads).toBe(1);
    expect(value).toEqual({ data: new Float64Array(4).fill(1), shape: [2, 2] });
  });

  it("that is a view of shared or resizable memory is one of its own", () => {
    const buffer = new (ArrayBuffer as ResizableConstructor)(16, { maxByteLength: 64 });
    const shared = Int32Array.of(1, 2, 3);
    const views = [new Int32Array(new SharedArrayBuffer(12)), new Uint16Array(buffer)] as const;
    views[0].set(shared);
    const { value } = storeAndRead([...views, views[0]]);
    expect(value).toEqual([shared, new Uint16Array(8), shared]);
    for (const view of value as Int32Array[]) expect(view.buffer.constructor).toBe(ArrayBuffer);
  });

  it("has errors with the stack of where they were made", () => {
    const failures = [
      () => readFileSync("/nowhere"),
      () => Buffer.alloc(-1),
      () => new URL("no URL"),
      () => JSON.parse("{"),
      () => structuredClone(new TypeError("cloned")),
    ].map((fail) => {
      try {
        return fail();
      } catch (error) {
        return error;
      }
    }) as NodeJS.ErrnoException[];
    const { value } = storeAndRead(failures);
    for (const [i, error] of (value as NodeJS.ErrnoException[]).entries()) {
      const original = failures[i] as NodeJS.ErrnoException;
      expect(error.stack).toBe(original.stack);
      expect({ ...error, message: error.message }).toEqual({
        ...original,
        message: original.message,
      });
      expect(error.constructor).toBe(original.constructor);
      expect(types.isNativeError(error)).toBe(true);
    }
  });

  it("of another realm is of this one", () => {
    const source = `({ list: [1, , new Error("e", { cause: 1 })], map: new Map([[1, new Set([2])]]),
      date: new Date(5), pattern: /a/g, boxed: Object("s"), array: Float32Array.of(1),
      buffer: new ArrayBuffer(3), growing: new ArrayBuffer(1, { maxByteLength: 5 }),
      view: new DataView(new ArrayBuffer(2)), shared: new SharedArrayBuffer(4) })`;
    const foreign = runInNewContext(source) as Error;
    const { value, runs } = storeAndRead(foreign);
    // biome-ignore lint/security/noGlobalEval: the same source, in this realm
    const own: { list: Error[] } = eval(source);
    // Each realm has its own stack.
    (own.list[2] as Error).stack = (value as typeof own).list[2]?.stack as string;
    expect(runs).toBe(1);
    expect(difference(own, value)).toBeUndefined();
  });

  it("takes no memory for the holes of an array", () => {
    const list: unknown[] = [];
    list[30_000_000] = 1;
    const before = process.memoryUsage().rss;
    const { value } = storeAndRead(list);
    expect(value).toHaveLength(30_000_001);
    expect(Object.keys(value as unknown[])).toEqual(["30000000"]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });

  it("may be a thousand levels deep", () => {
    const wraps: ((inner: unknown) => unknown)[] = [
      (a) => [a],
      (a) => ({ a }),
      (a) => Object.assign(Object.create(null), { a }),
      (a) => new Map([[a, 1]]),
      (a) => new Set([a]),
      (a) => new Error("e", { cause: a }),
      (a) => Object.assign(["x"], { a }),
    ];
    for (const wrap of wraps) {
      let result = wrap(Uint8Array.of(1));
      for (let depth = 1; depth < 1000; depth++) result = wrap(result);
      const { value, runs } = storeAndRead(result);
      expect(runs).toBe(1);
      expect(difference(result, value)).toBeUndefined();
    }
  });

  it("does not become a promise by a field that is called then", async () => {
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    const result = { then: 1, catch: { then: "x" } };
    const load = memory.memoize(async () => result, { id: "thenable" });
    expect(await load()).toBe(result);
    expect(await load()).toEqual(result);
  });
});

class Model {
  weights = new Float32Array(3);
}

function nested(levels: number): unknown {
  return levels === 0 ? 0 : [nested(levels - 1)];
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function throwing(): never {
  throw new Error("not now");
}

function detached(): Float64Array {
  const array = new Float64Array(2);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

const sparse: unknown[] = [];
sparse[70_000] = () => 1;

const growing = new (ArrayBuffer as ResizableConstructor)(1, { maxByteLength: 2 });

describe("a result that cannot be stored", () => {
  it.each<[make: () => unknown, path: string, reason: RegExp]>([
    [() => () => 1, "result", /a function/],
    [() => ({ model: { fn: () => 1 } }), "result.model.fn", /a function/],
    [() => [1, Symbol("s")], "result[1]", /a symbol/],
    [() => ({ "a key": new Model() }), 'result["a key"]', /an instance of class Model/],
    [() => new WeakMap(), "result", /a WeakMap/],
    [() => [new WeakSet()], "result[0]", /a WeakSet/],
    [() => new WeakRef({}), "result", /a WeakRef/],
    [() => new Map([["k", Promise.resolve()]]), 'result.get("k")', /a Promise/],
    [() => new Map([[new Model(), 1]]), "result.keys()", /Model/],
    [() => new Set([1, () => 1]), "result.values()[1]", /a function/],
    [() => (function* () {})(), "result", /Generator/],
    [() => new Blob([]), "result", /Blob/],
    [() => new DOMException("m"), "result", /DOMException/],
    [() => Math, "result", /Math/],
    [() => new Function("return arguments")(1), "result", /Arguments/],
    [() => Object.create({ a: 1 }), "result", /Object/],
    [() => Object(Symbol("s")), "result", /Symbol/],
    [() => sparse, "result[70000]", /a function/],
    [() => Object.assign([1], { fit: () => 1 }), "result.fit", /a function/],
    [() => new Error("e", { cause: () => 1 }), "result.cause", /a function/],
    [() => new AggregateError([new Model()]), "result.errors[0]", /Model/],
    [() => Object.assign(new Error("e"), { model: new Model() }), "result.model", /Model/],
    [() => Object.assign(/a/, { lastIndex: () => 1 }), "result.lastIndex", /a function/],
    [() => new (class Vector extends Float64Array {})(3), "result", /class Vector/],
    [() => new (class Registry extends Map {})(), "result", /class Registry/],
    [() => new (class Stack extends Array {})(), "result", /class Stack/],
    [() => new (class Failure extends Error {})(), "result", /class Failure/],
    [() => new (class Bytes extends ArrayBuffer {})(1), "result", /class Bytes/],
    [() => Object.assign(new Float64Array(2), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(Buffer.from("ab"), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new ArrayBuffer(8), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(growing, { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new DataView(new ArrayBuffer(8)), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new Map(), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new Set(), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new Date(), { zone: 1 }), "result", /"zone"/],
    [() => Object.assign(/a/, { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(Object("s"), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new URL("a:b"), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign(new URLSearchParams(), { unit: "m" }), "result", /"unit"/],
    [() => Object.assign([1], { [Symbol.for("s")]: 1 }), "result", /symbol keys/],
    [() => Object.assign(Object.create(null), { [Symbol.for("s")]: 1 }), "result", /symbol keys/],
    [
      () => ({ a: Object.defineProperty({}, "b", { enumerable: true, get: throwing }) }),
      "result.a.b",
      /now/,
    ],
    [() => ({ p: revoked() }), "result.p", /revoked/],
    [() => ({ p: new Proxy([1, 2], { get: throwing }) }), "result.p", /not now/],
    [() => [detached()], "result[0]", /detached/],
    [() => ({ buffer: detached().buffer }), "result.buffer", /detached/],
    [() => new Set([Object.create(Map.prototype)]), "result.values()[0]", /reading it failed/],
    [() => [Object.create(Array.prototype)], "result[0]", /prototype of Array/],
    [() => [Object.create(Float64Array.prototype)], "result[0]", /reading it failed/],
    [() => [Object.create(ArrayBuffer.prototype)], "result[0]", /reading it failed/],
    [
      () => [Object.create(DataView.prototype)],
      "result[0]",
      /reading it failed|prototype of DataView/,
    ],
    [() => [Object.create(Error.prototype)], "result[0]", /prototype of Error/],
    [() => [Object.create(Number.prototype)], "result[0]", /reading it failed/],
    [() => nested(1001), `result${"[0]".repeat(60)}`, /1000 levels/],
  ])("%s reaches the caller, with one warning that names %s", async (make, path, reason) => {
    const result = make();
    const folder = temporaryFolder();
    const cold = new Memory(folder).memoize((_: number) => [new Float64Array(9000), result], {
      id: `unstorable${made++}`,
    });
    expect(cold(1)[1]).toBe(result);
    expect(cold(2)[1]).toBe(result);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["UNSTORABLE_RESULT"]);
    expect(warnings[0]?.message).toMatch(reason);
    expect(warnings[0]?.message).toContain(path.replace("result", "Cannot store result[1]"));
    // Nothing is written before all is known to be storable.
    expect(readdirSync(join(folder, "objects"))).toEqual([]);
  });

  it("does not keep the others waiting", async () => {
    let runs = 0;
    const handlers = memory.memoize(async function handlers() {
      runs++;
      await nextTurn();
      return { close() {} };
    });
    const all = await Promise.all([handlers(), handlers()]);
    expect(all[0]).toBe(all[1]);
    expect(runs).toBe(1);
  });
});
