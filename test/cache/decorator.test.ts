// TC39 decorators are compiled by the test runner; the same class goes through `tsc` with
// `experimentalDecorators`, and by both protocols the outcome is the same.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { keySymbol, Memory, memoize } from "bloscache";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

/** What both versions of the class are asked to do. */
interface Signals {
  runs: number;
  scale: number;
  scaled(values: Float64Array): Float64Array;
  later(length: number): Promise<Float32Array>;
}
type SignalClass = (new (
  scale: number,
) => Signals) & { unit(length: number): Float64Array; units: number };

let runsOfTc39 = 0;

function tc39Class(memory: Memory): SignalClass {
  class Signal {
    scale: number;
    constructor(scale: number) {
      this.scale = scale;
    }

    get runs() {
      return runsOfTc39;
    }

    @memory.memoize
    scaled(values: Float64Array): Float64Array {
      runsOfTc39++;
      return values.map((value) => value * this.scale);
    }

    @memory.memoize({ version: 2 })
    async later(length: number): Promise<Float32Array> {
      runsOfTc39++;
      return new Float32Array(length).fill(this.scale);
    }

    static units = 0;

    @memory.memoize({ this: "ignore" })
    static unit(length: number): Float64Array {
      Signal.units++;
      return new Float64Array(length).fill(1);
    }
  }
  return Signal;
}

const legacySource = `
import { Memory } from "bloscache";
const memory = new Memory(process.env["LEGACY_LOCATION"] as string);
let runs = 0;
export class Signal {
  scale: number;
  constructor(scale: number) { this.scale = scale; }
  get runs() { return runs; }
  @memory.memoize
  scaled(values: Float64Array): Float64Array {
    runs++;
    return values.map((value) => value * this.scale);
  }
  @memory.memoize({ version: 2 })
  async later(length: number): Promise<Float32Array> {
    runs++;
    return new Float32Array(length).fill(this.scale);
  }
  static units = 0;
  @memory.memoize({ this: "ignore" })
  static unit(length: number): Float64Array {
    Signal.units++;
    return new Float64Array(length).fill(1);
  }
}
export function decorateHidden() {
  class Hidden {
    #secret = 1;
    @memory.memoize
    value() { return this.#secret; }
  }
  return new Hidden();
}
export function decorateField() {
  class Field {
    @(memory.memoize as unknown as PropertyDecorator)
    value = 1;
  }
  return new Field();
}
`;

interface Legacy {
  readonly Signal: SignalClass;
  decorateHidden(): unknown;
  decorateField(): unknown;
}

async function compileLegacy(): Promise<Legacy> {
  const root = new URL("../..", import.meta.url);
  // Within the package, so that "bloscache" is found by its own name.
  const folder = new URL("build/test-legacy/", root);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("signal.ts", folder), legacySource);
  const options = {
    target: "es2022",
    module: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    outDir: ".",
  };
  writeFileSync(
    new URL("tsconfig.json", folder),
    JSON.stringify({ compilerOptions: options, files: ["signal.ts"] }),
  );
  const tsc = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", "."], { cwd: folder, stdio: "inherit" });
  process.env["LEGACY_LOCATION"] = temporaryFolder();
  return (await import(
    pathToFileURL(join(new URL(".", folder).pathname, "signal.js")).href
  )) as Legacy;
}

let legacy: Legacy;
beforeAll(async () => {
  legacy = await compileLegacy();
});

describe.each([
  ["TC39", () => tc39Class(new Memory(temporaryFolder()))],
  ["experimentalDecorators", () => legacy.Signal],
] as const)("%s decorators", (_protocol, classOf) => {
  it("memoize by arguments and by the instance's fields", () => {
    const Signal = classOf();
    const one = new Signal(2);
    const before = one.runs;
    const values = Float64Array.of(1, 2);
    expect(one.scaled(values)).toEqual(Float64Array.of(2, 4));
    expect(one.scaled(values)).toEqual(Float64Array.of(2, 4));
    expect(new Signal(2).scaled(values)).toEqual(Float64Array.of(2, 4));
    expect(one.runs - before).toBe(1);
    expect(new Signal(3).scaled(values)).toEqual(Float64Array.of(3, 6));
    one.scale = 5;
    expect(one.scaled(values)).toEqual(Float64Array.of(5, 10));
    expect(one.runs - before).toBe(3);
  });

  it("keep asynchronous methods asynchronous", async () => {
    const Signal = classOf();
    const one = new Signal(1.5);
    const before = one.runs;
    expect(one.later(6000)).toBeInstanceOf(Promise);
    expect(await one.later(6000)).toEqual(new Float32Array(6000).fill(1.5));
    expect(one.runs - before).toBe(1);
  });

  it("work on static methods", () => {
    const Signal = classOf();
    expect(Signal.unit(3)).toEqual(Float64Array.of(1, 1, 1));
    expect(Signal.unit(3)).toEqual(Float64Array.of(1, 1, 1));
    expect(Signal.units).toBe(1);
  });

  it("leave the prototype's method with its name", () => {
    expect(classOf().prototype.scaled.name).toBe("scaled");
  });
});

describe("what cannot be decorated", () => {
  const memory = new Memory(temporaryFolder());
  const waysOut = /this: 'ignore'.*this: \(self\) => key.*\[keySymbol\]/s;

  it("a method of a class with private fields says the three ways out", () => {
    class Hidden {
      #secret = 1;
      @memory.memoize
      value() {
        return this.#secret;
      }
    }
    expect(() => new Hidden().value()).toThrow(TypeError);
    expect(() => new Hidden().value()).toThrow(waysOut);
    expect(() => legacy.decorateHidden()).toThrow(waysOut);
  });

  it("a method of a class with fields that have no value says the three ways out", () => {
    class Callbacks {
      done = () => 1;
      @memory.memoize
      value() {
        return this.done();
      }
    }
    expect(() => new Callbacks().value()).toThrow(waysOut);
  });

  it("each way out leads out", () => {
    class Three {
      #k: number;
      constructor(k: number) {
        this.#k = k;
      }
      @memory.memoize({ this: "ignore" })
      ignoring(x: number) {
        return x + this.#k;
      }
      @memory.memoize({ this: (self: Three) => self.#k })
      keyed(x: number) {
        return x + this.#k;
      }
    }
    class WithKey {
      #k: number;
      constructor(k: number) {
        this.#k = k;
      }
      [keySymbol]() {
        return this.#k;
      }
      @memory.memoize
      plus(x: number) {
        return x + this.#k;
      }
    }
    expect([new Three(1).ignoring(1), new Three(2).ignoring(1)]).toEqual([2, 2]);
    expect([new Three(1).keyed(1), new Three(2).keyed(1)]).toEqual([2, 3]);
    expect([new WithKey(1).plus(1), new WithKey(2).plus(1)]).toEqual([2, 3]);
  });

  it("fields, accessors and classes are refused by name", () => {
    const decorator = memory.memoize as (...args: unknown[]) => unknown;
    const context = (kind: string) => ({ kind, name: "thing", private: false, static: false });
    expect(() => decorator(undefined, context("field"))).toThrow(
      /"thing" is no method but a field/,
    );
    expect(() => decorator(() => 1, context("getter"))).toThrow(
      /"thing" is no method but a getter/,
    );
    expect(() => decorator(class {}, context("class"))).toThrow(/"thing" is no method but a class/);
    expect(() => legacy.decorateField()).toThrow(/"value" is no method but a field/);
    expect(() => decorator({}, "size", { get: () => 1 })).toThrow(/"size"/);
  });

  it("instances whose fields are partly hidden are refused", () => {
    class Hiding {
      constructor(k: number) {
        Object.defineProperty(this, "k", { value: k });
      }
      @memory.memoize
      value() {
        return (this as unknown as { k: number }).k;
      }
    }
    expect(() => new Hiding(1).value()).toThrow(/not enumerable/);
  });

  it("a method may be decorated once more, and spied on", () => {
    const seen: string[] = [];
    const log = (
      method: (this: unknown, x: number) => number,
      context: { name: string | symbol },
    ) =>
      function (this: unknown, x: number) {
        seen.push(String(context.name));
        return method.call(this, x);
      };
    let runs = 0;
    class Logged {
      @log
      @memory.memoize
      square(x: number) {
        runs++;
        return x * x;
      }
    }
    expect([new Logged().square(3), new Logged().square(3)]).toEqual([9, 9]);
    expect([seen.length, runs]).toEqual([2, 1]);
  });

  it("a function goes first, without a decorator", () => {
    const factory = memory.memoize({ id: "late" }) as (fn: unknown) => unknown;
    expect(() => factory(() => 1)).toThrow(/memoize\(fn, options\)/);
    expect(() => memory.memoize(5 as never)).toThrow(/Only functions and methods/);
  });
});

describe("this, without a decorator", () => {
  const memory = new Memory(temporaryFolder());

  it("counts when the function uses it, and does not when it does not", () => {
    let runs = 0;
    function area(this: { w: number }, h: number) {
      runs++;
      return this.w * h;
    }
    const box = { w: 2, area: memory.memoize(area, { this: ({ w }: { w: number }) => w }) };
    expect([box.area(2), box.area(2), box.area.call({ w: 3 }, 2)]).toEqual([4, 4, 6]);
    expect(runs).toBe(2);
    const library = {
      twice: memory.memoize(function twice(x: number) {
        return 2 * x;
      }),
      helper() {},
    };
    expect([library.twice(4), library.twice(4)]).toEqual([8, 8]);
  });
});

describe("the default cache", () => {
  it("decorates as well", () => {
    process.env["BLOSCACHE_DIR"] = temporaryFolder();
    let runs = 0;
    class Plain {
      @memoize
      one() {
        runs++;
        return Uint8Array.of(1);
      }
    }
    expect([new Plain().one(), new Plain().one()]).toEqual([Uint8Array.of(1), Uint8Array.of(1)]);
    expect(runs).toBe(1);
  });
});
