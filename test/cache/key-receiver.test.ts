import { describe, expect, test } from "vitest";
import { keySymbol } from "../../src/cache/encode.ts";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { assertThisHashable } from "../../src/cache/receiver.ts";
import { KeyError } from "../../src/errors.ts";

const identity = { id: "receivers", version: "v:1", slug: "receivers" };
const byFields = (value: unknown) => keyHex(callKey(identity, [1], { by: "fields", value }));
const byKey = (value: unknown) => keyHex(callKey(identity, [1], { by: "key", value }));

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

class Grid {
  step: number;
  data = Float64Array.of(1, 2);
  constructor(step: number) {
    this.step = step;
  }
  at(): number {
    return this.step;
  }
}

describe("this by its fields", () => {
  test("equal instances have one key, others another", () => {
    expect(byFields(new Grid(1))).toBe(byFields(new Grid(1)));
    expect(byFields(new Grid(1))).not.toBe(byFields(new Grid(2)));
  });
  test("the class counts, so does that there is a this", () => {
    class Mesh extends Grid {}
    expect(byFields(new Mesh(1))).not.toBe(byFields(new Grid(1)));
    expect(byFields({ ...new Grid(1) })).not.toBe(byFields(new Grid(1)));
    expect(byFields(undefined)).not.toBe(keyHex(callKey(identity, [1])));
  });
  test("plain objects and built-in ones are hashed as arguments are", () => {
    expect(byFields({ a: 1 })).toBe(byKey({ a: 1 }));
    expect(byFields(undefined)).toBe(byKey(undefined));
  });
  test("an AbortSignal among the fields is left out", () => {
    const grid = Object.assign(new Grid(1), { signal: AbortSignal.abort() });
    expect(byFields(grid)).toBe(byFields(new Grid(1)));
  });
  test("a key method goes before fields, also where some are private", () => {
    class Secret {
      readonly #seed: number;
      constructor(seed: number) {
        this.#seed = seed;
      }
      [keySymbol](): unknown {
        return this.#seed;
      }
    }
    expect(byFields(new Secret(1))).toBe(byFields(new Secret(1)));
    expect(byFields(new Secret(1))).not.toBe(byFields(new Secret(2)));
    expect(() => assertThisHashable(Secret)).not.toThrow();
  });
});

describe("this that fields do not show", () => {
  class Field {
    #a = 1;
    get(): number {
      return this.#a;
    }
  }
  class Method {
    #m(): number {
      return 1;
    }
    get(): number {
      return this.#m();
    }
  }
  class Child extends Field {}
  class Values extends Float64Array {}
  class Lookup extends Map {}
  const Lowered = new Function(
    "return class Lowered { constructor() { _a.set(this, 1) } get() { return __classPrivateFieldGet(this, _a) } }",
  )() as { prototype: object };

  test.each<[string, { prototype: object }, RegExp]>([
    ["private field", Field, /class Field has the private #a/],
    ["private method", Method, /class Method has the private #m/],
    ["private field of a parent", Child, /class Field has the private #a/],
    ["private field lowered by a compiler", Lowered, /class Lowered has private fields/],
    ["built-in parent", Values, /extends the built-in Float64Array/],
    ["built-in parent with entries", Lookup, /extends the built-in Map/],
  ])("%s", (_name, owner, reason) => {
    const self = Object.create(owner.prototype) as object;
    for (const error of [
      thrownBy(() => byFields(self)),
      thrownBy(() => assertThisHashable(owner)),
    ]) {
      expect(error).toBeInstanceOf(TypeError);
      const { message } = error as TypeError;
      expect(message).toMatch(reason);
      expect(message).toContain("{ this: 'ignore' }");
      expect(message).toContain("{ this: (self) => key }");
      expect(message).toContain("[keySymbol]() method");
    }
  });

  test("a # in a string or comment is no private name", () => {
    class Fine {
      // the #1 reason
      color = "#fff";
    }
    expect(() => assertThisHashable(Fine)).not.toThrow();
  });

  test("a field that cannot be hashed is named by the cause", () => {
    class Holder {
      inner = { callback: () => 1 };
    }
    const error = thrownBy(() => byFields(new Holder())) as TypeError;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause).toBeInstanceOf(KeyError);
    expect((error.cause as KeyError).path).toBe("this.inner.callback");
  });

  test("what a `this` option returned is refused as an argument is", () => {
    const error = thrownBy(() => byKey({ f: () => 1 }));
    expect(error).toBeInstanceOf(KeyError);
    expect((error as KeyError).path).toBe("this.f");
  });
});
