/** What has no value to hash by is refused, with the path to it. */

import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { keySymbol, MAX_DEPTH } from "../../src/cache/encode.ts";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { KeyError } from "../../src/errors.ts";

const identity = { id: "refusals", version: "v:1", slug: "refusals" };
const keyOf = (...args: unknown[]) => keyHex(callKey(identity, args));

function refusalOf(...args: unknown[]): KeyError {
  try {
    callKey(identity, args);
  } catch (error) {
    expect(error).toBeInstanceOf(KeyError);
    return error as KeyError;
  }
  throw new Error("nothing was refused");
}

class Model {
  weights = [1];
}
class Grid extends Float64Array {}
class Registry extends Map<string, number> {}
class Stack extends Array<number> {}
class Failure extends Error {}
class Day extends Date {}

describe("refused", () => {
  test.each<[string, unknown, RegExp]>([
    ["function", () => 1, /function/],
    ["class", Model, /function/],
    ["symbol", Symbol("a"), /Symbol\.for/],
    ["well-known symbol", Symbol.iterator, /Symbol\.for/],
    ["Promise", Promise.resolve(), /a Promise/],
    ["WeakMap", new WeakMap(), /a WeakMap/],
    ["WeakSet", new WeakSet(), /a WeakSet/],
    ["WeakRef", new WeakRef({}), /a WeakRef/],
    ["generator", (function* () {})(), /Generator/],
    ["stream", new Readable(), /class Readable.*keySymbol/],
    ["Blob", new Blob([]), /Blob/],
    ["instance", new Model(), /an instance of class Model.*\[keySymbol\]\(\)/],
    ["subclass of a typed array", new Grid(1), /class Grid/],
    ["subclass of Map", new Registry(), /class Registry/],
    ["subclass of Array", new Stack(), /class Stack/],
    ["subclass of Error", new Failure("x"), /class Failure/],
    ["subclass of Date", new Day(), /class Day/],
    ["object with a prototype of its own", Object.create({ a: 1 }), /can be read/],
    ["arguments", new Function("return arguments")(1), /Arguments/],
    [
      "prototype that claims to be Object's",
      Object.create({ constructor: Object, hidden: 1 }),
      /can be read/,
    ],
    ["symbol key", { [Symbol.for("a")]: 1 }, /symbol keys/],
    ["symbol key on an array", Object.assign([1], { [Symbol.for("a")]: 1 }), /symbol keys/],
    ["field on a typed array", Object.assign(new Float64Array(4), { shape: [2, 2] }), /"shape"/],
    ["field on a long typed array", Object.assign(new Uint8Array(1e6), { shape: 1 }), /"shape"/],
    ["field on a Map", Object.assign(new Map(), { a: 1 }), /"a"/],
    ["field on a Date", Object.assign(new Date(), { a: 1 }), /"a"/],
    ["field on a boxed string", Object.assign(Object("abc"), { a: 1 }), /"a"/],
    ["no Map behind its prototype", Object.create(Map.prototype), /failed/],
    ["no array behind its prototype", Object.create(Array.prototype), /prototype of an array/],
    ["no typed array behind its prototype", Object.create(Uint8Array.prototype), /typed array/],
    ["no DataView behind its prototype", Object.create(DataView.prototype), /DataView/],
  ])("%s", (_name, value, reason) => {
    const error = refusalOf(value);
    expect(error.path).toBe("args[0]");
    expect(error.reason).toMatch(reason);
    expect(error.message).toContain("Cannot hash args[0]: ");
  });
});

describe("the path", () => {
  const bad = () => 1;
  test.each<[string, unknown[]]>([
    ["args[1]", [1, bad]],
    ["args[0].when", [{ a: { b: 1 }, when: bad }]],
    ["args[0].a.b[2].c", [{ a: { b: [0, [1], { c: bad }] } }]],
    ['args[0]["not a name"]', [{ "not a name": bad }]],
    ['args[1].map.get("x")', [0, { map: new Map([["x", bad]]) }]],
    ["args[0].get(7).a", [new Map([[7, { a: bad }]])]],
    ["args[0].get({…})", [new Map([[{}, bad]])]],
    ["args[0].keys()", [new Map([[bad, 1]])]],
    ["args[0].values()[1].x", [new Set([1, { x: bad }])]],
    ["args[0].cause.f", [new Error("m", { cause: { f: bad } })]],
    ["args[0].errors[0]", [new AggregateError([bad])]],
    ["args[0][keySymbol]().f", [{ [keySymbol]: () => ({ f: bad }) }]],
    ["args[0].columns.f", [Object.assign([1], { columns: { f: bad } })]],
    ["args[2]", [{ a: [1] }, [[[2]]], bad]],
  ])("%s", (path, args) => {
    expect(refusalOf(...args).path).toBe(path);
  });

  test("of great length is cut in the middle", () => {
    let value: unknown = bad;
    for (let i = 0; i < 200; i++) value = { name: value };
    const { path } = refusalOf(value);
    expect(path.length).toBeLessThan(420);
    expect(path).toMatch(/^args\[0\]\.name.* … .*\.name$/);
  });
});

describe("depth", () => {
  const nest = (levels: number, wrap: (inner: unknown) => unknown) => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  };
  test.each<[string, (inner: unknown) => unknown]>([
    ["arrays", (inner) => [inner]],
    ["objects", (inner) => ({ inner })],
    ["Maps", (inner) => new Map([["inner", inner]])],
    ["Sets", (inner) => new Set([inner])],
    ["errors", (cause) => new Error("", { cause })],
    ["key methods", (inner) => ({ [keySymbol]: () => inner })],
  ])("%s may nest 999 levels in a list of arguments, no more", (_name, wrap) => {
    expect(keyOf(nest(MAX_DEPTH - 1, wrap))).toHaveLength(32);
    expect(refusalOf(nest(MAX_DEPTH, wrap)).reason).toMatch(/1000 levels/);
    expect(refusalOf(nest(20_000, wrap)).reason).toMatch(/1000 levels/);
  });
});

describe("key methods", () => {
  class Tensor {
    readonly #data: number[];
    constructor(...data: number[]) {
      this.#data = data;
    }
    [keySymbol](): unknown {
      return this.#data;
    }
  }
  test("make instances hashable by what they return", () => {
    expect(keyOf(new Tensor(1, 2))).toBe(keyOf(new Tensor(1, 2)));
    expect(keyOf(new Tensor(1, 2))).not.toBe(keyOf(new Tensor(1, 3)));
    expect(keyOf(new Tensor(1, 2))).not.toBe(keyOf([1, 2]));
  });
  test("are told apart by the class", () => {
    class Other extends Tensor {}
    expect(keyOf(new Other(1))).not.toBe(keyOf(new Tensor(1)));
  });
  test("work on functions, and need no import", () => {
    const fn = Object.assign(() => 1, { [Symbol.for("bloscache.key")]: () => "fn" });
    expect(keyOf(fn)).toHaveLength(32);
  });
  test("that return their object are refused: all instances would be one", () => {
    const self = {
      [keySymbol](): unknown {
        return self;
      },
    };
    expect(refusalOf(self).reason).toMatch(/returned the object itself/);
  });
  test("that return a promise are refused", () => {
    expect(refusalOf({ [keySymbol]: async () => 1 }).path).toBe("args[0][keySymbol]()");
  });
  test("may compute keys of their own", () => {
    const nested = { [keySymbol]: () => keyOf(new Map([[1, new Map([[2, { a: 1 }]])]])) };
    const plain = { [keySymbol]: () => keyOf(new Map([[1, new Map([[2, { a: 1 }]])]])) };
    expect(keyOf([1, new Set([nested]), 2])).toBe(keyOf([1, new Set([plain]), 2]));
    expect(keyOf([1, nested, 2])).not.toBe(keyOf([1, nested, 3]));
  });
});

describe("what user code throws", () => {
  const boom = new Error("boom");
  test("a getter's error is the cause, with the path", () => {
    const error = refusalOf({
      a: {
        get b(): never {
          throw boom;
        },
      },
    });
    expect(error.path).toBe("args[0].a.b");
    expect(error.cause).toBe(boom);
    expect(error.reason).toContain("boom");
  });
  test("a key method's error too, also a KeyError of a call inside it", () => {
    const inner = { [keySymbol]: () => keyOf(() => 1) };
    const error = refusalOf({ x: inner });
    expect(error.path).toBe("args[0].x[keySymbol]()");
    expect(error.cause).toBeInstanceOf(KeyError);
  });
  test("a trap's error is not placed where the walk was before", () => {
    const trapped = new Proxy([], {
      get(target, key) {
        if (key === "length") throw boom;
        return Reflect.get(target, key);
      },
    });
    expect(refusalOf({ a: { b: 1 } }, trapped).path).toBe("args[1]");
  });
  test("leaves no trace in the next key", () => {
    const key = keyOf(new Map([["a", { b: 1 }]]));
    refusalOf(new Map([["a", new Set([() => 1])]]));
    refusalOf({
      get b(): never {
        throw boom;
      },
    });
    expect(keyOf(new Map([["a", { b: 1 }]]))).toBe(key);
  });
  test("a detached buffer is refused, not taken for an empty one", () => {
    const array = new Float64Array(4);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    expect(refusalOf(array).path).toBe("args[0]");
    expect(refusalOf(array.buffer).path).toBe("args[0]");
  });
});
