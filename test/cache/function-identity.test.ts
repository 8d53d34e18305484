/**
 * Which function a stored result belongs to: no function may ever get another one's. What that
 * costs is in the table of docs/keys.md. Real modules, run in processes of their own.
 */

import { describe, expect, test } from "vitest";
import { messageOf, Project, useCache } from "../support/project.ts";

describe.concurrent("functions of one name", () => {
  const pair = (options: [string, string] = ["", ""]) => `${useCache};
    const first = memory.memoize(function f(x) { ran(); return x + 1; }${options[0]});
    const second = memory.memoize(function f(x) { ran(); return x * 10; }${options[1]});
    export const both = (x) => [first(x), second(x)];`;
  const both = ["import { both } from './pair.js'", "[...both(3), ...both(3)]"];

  test("in one module are refused", async () => {
    const project = new Project();
    project.write("pair.js", pair());
    const { result } = await project.answer(messageOf('await import("./pair.js")'));
    expect(result).toMatch(/^TypeError: Another function is memoized as "proof@\/pair.js#f"/);
  });

  test("in one module, with ids, keep apart", async () => {
    const project = new Project();
    project.write("pair.js", pair([', { id: "one" }', ', { id: "two" }']));
    expect(await project.answer(...both)).toEqual({ result: [4, 30, 4, 30], runs: 2 });
    expect(await project.answer(...both)).toEqual({ result: [4, 30, 4, 30], runs: 0 });
  });

  /** Two modules whose functions look the same, and are not. */
  const modules = (project: Project, options = "") => {
    for (const i of [0, 1]) {
      const text = `${useCache}; const k = ${i + 1};
        function f(x) { ran(); return x + k; }
        export const g${i} = memory.memoize(f${options.replace("ID", `f${i}`)});`;
      project.write(`part${i}.js`, text);
    }
    project.write(
      "pair.js",
      `import { g0 } from "./part0.js"; import { g1 } from "./part1.js";
       export const both = (x) => [g0(x), g1(x)];`,
    );
  };

  test("in two modules keep apart, even if their sources are the same", async () => {
    const project = new Project();
    modules(project);
    expect(await project.answer(...both)).toEqual({ result: [4, 5, 4, 5], runs: 2 });
    expect(await project.answer(...both)).toEqual({ result: [4, 5, 4, 5], runs: 0 });
  });

  test.each([
    ["by the names that a bundler gives", "", {}],
    ["by ids, if it keeps names", ', { id: "ID" }', { keepNames: true }],
  ])("of two modules in one bundle keep apart %s", async (_name, options, bundling) => {
    const project = new Project();
    modules(project, options);
    project.bundle("pair.js", "pair.bundle.js", bundling);
    const bundled = ["import { both } from './pair.bundle.js'", "[...both(3), ...both(3)]"];
    expect(await project.answer(...bundled)).toEqual({ result: [4, 5, 4, 5], runs: 2 });
    expect(await project.answer(...bundled)).toEqual({ result: [4, 5, 4, 5], runs: 0 });
  });

  test("of two modules in one bundle are refused, if it keeps their names", async () => {
    const project = new Project();
    modules(project);
    project.bundle("pair.js", "pair.bundle.js", { keepNames: true });
    const { result } = await project.answer(messageOf('await import("./pair.bundle.js")'));
    expect(result).toMatch(/^TypeError: Another function is memoized as/);
  });
});

describe.concurrent("closures", () => {
  const factory = (options = "") => `${useCache};
    export function make(k) {
      return memory.memoize(function scaled(x) { ran(); return x * k; }${options});
    }`;
  const load = 'import { make } from "./make.js"';

  test("two of one factory are refused, before the second could get the first's", async () => {
    const project = new Project();
    project.write("make.js", factory());
    const { result, runs } = await project.answer(
      load,
      "const five = make(5)",
      `[five(2), ${messageOf("make(7)")}, five(2)]`,
    );
    expect(result).toEqual([10, expect.stringMatching(/^TypeError: Another function/), 10]);
    expect(runs).toBe(1);
  });

  test("with an id each they keep apart, in any order and process", async () => {
    const project = new Project();
    project.write("make.js", factory(`, { id: "scaled by " + k }`));
    const of = (factors: string) =>
      project.answer(load, `[${factors}].map(make).map((scaled) => scaled(2))`);
    expect(await of("5, 7")).toEqual({ result: [10, 14], runs: 2 });
    expect(await of("7, 9, 5")).toEqual({ result: [14, 18, 10], runs: 1 });
  });

  test("what one captures is not seen, so that another process gets the first's result", async () => {
    const project = new Project();
    project.write("make.js", factory());
    const of = (factor: number) => project.answer(load, `make(${factor})(2)`);
    expect(await of(5)).toEqual({ result: 10, runs: 1 });
    // Not what anybody wants, but all that a source can tell, and what docs/keys.md says.
    expect(await of(7)).toEqual({ result: 10, runs: 0 });
  });

  test("what one captures is seen in dependsOn, also from process to process", async () => {
    const project = new Project();
    project.write("make.js", factory(", { dependsOn: [k] }"));
    const of = (factor: number) => project.answer(load, `make(${factor})(2)`);
    expect(await of(5)).toEqual({ result: 10, runs: 1 });
    expect(await of(7)).toEqual({ result: 14, runs: 1 });
    expect(await of(5)).toEqual({ result: 10, runs: 0 });
  });
});

describe.concurrent("bound functions", () => {
  const bound = (options: string) =>
    `function scaled(k, x) { ran(); return x * k; }
     const bind = (k) => memory.memoize(scaled.bind(null, k), ${options})`;

  test("show no source, so they are refused without an id and a version", async () => {
    for (const options of ["{}", '{ id: "bound" }', '{ version: "1" }']) {
      const { result } = await new Project().answer(useCache, bound(options), messageOf("bind(5)"));
      expect(result).toMatch(/^TypeError: A native or bound function shows no source/);
    }
  });

  test("two with one id are refused, though their versions differ", async () => {
    const { result } = await new Project().answer(
      useCache,
      bound('{ id: "bound", version: k }'),
      `[bind(5)(2), ${messageOf("bind(7)")}]`,
    );
    expect(result).toEqual([10, expect.stringMatching(/^TypeError: Another function/)]);
  });

  test("in two processes are told apart by what they are said to be", async () => {
    const project = new Project();
    const of = (k: number) =>
      project.answer(useCache, bound('{ id: "bound", version: k }'), `bind(${k})(2)`);
    expect(await of(5)).toEqual({ result: 10, runs: 1 });
    expect(await of(7)).toEqual({ result: 14, runs: 1 });
    expect(await of(5)).toEqual({ result: 10, runs: 0 });
  });
});

describe.concurrent("a module that is loaded again", () => {
  const text = (body: string) =>
    `${useCache}; export const f = memory.memoize(function f(x) { ran(); return ${body}; });`;
  /** Writes and imports the module's versions one after another in one process. */
  const loads = (bodies: readonly string[], load = (i: number) => `?v=${i}`) => {
    const lines = bodies.map(
      (body, i) =>
        `fs.writeFileSync("hot.js", ${JSON.stringify(text(body))});
         const { f: f${i} } = await import(${JSON.stringify(`./hot.js${load(i)}`)})`,
    );
    return ["import fs from 'node:fs'", ...lines];
  };

  test("changed: each version has its own results, also while both are in use", async () => {
    const project = new Project();
    const lines = loads(["x + 1", "x * 10"]);
    const calls = "[f0(3), f1(3), f0(3), f1(3)]";
    expect(await project.answer(...lines, calls)).toEqual({ result: [4, 30, 4, 30], runs: 2 });
    expect(await project.answer(...lines, calls)).toEqual({ result: [4, 30, 4, 30], runs: 0 });
  });

  test("unchanged: finds its results", async () => {
    const lines = loads(["x + 1", "x + 1"]);
    expect(await new Project().answer(...lines, "[f0(3), f1(3)]")).toEqual({
      result: [4, 4],
      runs: 1,
    });
  });

  test("changed and changed back: finds them, too", async () => {
    const lines = loads(["x + 1", "x * 10", "x + 1"]);
    expect(await new Project().answer(...lines, "[f0(3), f1(3), f2(3)]")).toEqual({
      result: [4, 30, 4],
      runs: 2,
    });
  });

  test("with a query that it reads: told apart by dependsOn", async () => {
    const project = new Project();
    project.write(
      "query.js",
      `${useCache}; const k = new URL(import.meta.url).searchParams.get("k");
       export const f = memory.memoize(
         function f(x) { ran(); return x * k; }, { dependsOn: [k] });`,
    );
    const lines = [5, 7].map((k) => `const { f: by${k} } = await import("./query.js?k=${k}")`);
    const calls = "[by5(2), by7(2), by5(2)]";
    expect(await project.answer(...lines, calls)).toEqual({ result: [10, 14, 10], runs: 2 });
  });

  test("by the same name, as CommonJS may, is refused", async () => {
    const project = new Project();
    project.write(
      "hot.cjs",
      `const { Memory } = require("bloscache");
       exports.f = new Memory(__dirname + "/cache").memoize(function f(x) { return x + 1; });`,
    );
    const { result } = await project.answer(
      'import { createRequire } from "node:module"',
      "const require = createRequire(import.meta.url)",
      'const { f } = require("./hot.cjs")',
      'delete require.cache[require.resolve("./hot.cjs")]',
      `[f(3), ${messageOf('require("./hot.cjs")')}]`,
    );
    expect(result).toEqual([4, expect.stringMatching(/^TypeError: Another function/)]);
  });

  test("may still not make two closures of one function", async () => {
    const project = new Project();
    project.write(
      "make.js",
      `${useCache}; export const make = (k) => memory.memoize(function f(x) { return x * k; });`,
    );
    const { result } = await project.answer(
      'const { make: old } = await import("./make.js?v=1")',
      'const { make } = await import("./make.js?v=2")',
      "old(2); make(2)",
      `[${messageOf("old(3)")}, ${messageOf("make(3)")}]`,
    );
    const refused = expect.stringMatching(/^TypeError: Another function/);
    expect(result).toEqual([refused, refused]);
  });

  test("two modules still may not claim one id", async () => {
    const project = new Project();
    for (const [name, body] of Object.entries({ a: "x + 1", b: "x * 10" })) {
      const memoized = `memory.memoize(function f(x) { return ${body}; }, { id: "f" })`;
      project.write(`${name}.js`, `${useCache}; export const f = ${memoized};`);
    }
    const second = messageOf('await import("./b.js?v=1")');
    const { result } = await project.answer('import { f } from "./a.js?v=1"', `[f(3), ${second}]`);
    expect(result).toEqual([4, expect.stringMatching(/^TypeError: Another function/)]);
  });
});
