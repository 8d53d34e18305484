/**
 * Which function a stored result belongs to, after compilers and minifiers had their way with it:
 * beside function-identity.test.ts, the other half of the table in docs/keys.md.
 */

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transformSync as swc } from "@swc/core";
import { transformSync as esbuild } from "esbuild";
import { describe, expect, test } from "vitest";
import { type Answer, messageOf, Project, useCache } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

describe.concurrent("one TypeScript function through every compiler", () => {
  const swcTo =
    (target: "es2017" | "es2022", minify = false) =>
    (text: string) =>
      swc(text, {
        minify,
        swcrc: false,
        jsc: {
          target,
          parser: { syntax: "typescript" },
          ...(minify ? { minify: { compress: true, mangle: { toplevel: true } } } : {}),
        },
        module: { type: "es6" },
      }).code;

  async function tsc(text: string, target: string): Promise<string> {
    const folder = temporaryFolder();
    const file = join(folder, "total.ts");
    writeFileSync(file, text);
    const options = ["--target", target, "--module", "esnext", "--moduleResolution", "bundler"];
    const binary = join(root, "node_modules/typescript/bin/tsc");
    const args = ["--ignoreConfig", "--noCheck", "--types", "", ...options, "--outDir", folder];
    await run(process.execPath, [binary, ...args, file]);
    return readFileSync(join(folder, "total.js"), "utf8");
  }

  type Compile = (text: string) => string | Promise<string>;
  /** What Node does with a .ts file; Node 20 does not. */
  const { stripTypeScriptTypes } = nodeModule as { stripTypeScriptTypes?: Compile };
  const compilers: Record<string, Compile> = {
    "tsc to ES2022": (text) => tsc(text, "es2022"),
    "tsc to ES2017": (text) => tsc(text, "es2017"),
    esbuild: (text) => esbuild(text, { loader: "ts" }).code,
    "esbuild to ES2019": (text) => esbuild(text, { loader: "ts", target: "es2019" }).code,
    "esbuild keeping names": (text) => esbuild(text, { loader: "ts", keepNames: true }).code,
    "esbuild minifying": (text) =>
      esbuild(text, { loader: "ts", minify: true, format: "esm" }).code,
    "swc to ES2022": swcTo("es2022"),
    "swc to ES2017": swcTo("es2017"),
    "swc minifying": swcTo("es2022", true),
    ...(stripTypeScriptTypes && { "type stripping": stripTypeScriptTypes }),
  };

  const names = Object.keys(compilers);
  /** It puts a function that is used once where it is used, and drops the name. */
  const nameless = "swc minifying";
  const naming = names.filter((name) => name !== nameless);

  const source = (factor: number, options = "") => `${useCache};
    interface Scale { readonly by?: number }
    /** Written in words that compilers lower, and with what only some of them keep. */
    function total(values: readonly number[], scale: Scale = {}): number {
      ran();
      const { by = ${factor} } = scale;
      let sum: number = 0;
      for (const value of values as number[]) sum += value ** 2; // squares
      return sum * (by ?? 1)!;
    }
    export const memoized = memory.memoize(total${options});`;

  /** Runs every compiler's output in one place, after another, as releases of a package would. */
  async function inTurn(project: Project, names: string[], sources: Record<number, string>) {
    const answers: (Answer & { readonly factor: number })[] = [];
    for (const compile of names.map((name) => compilers[name] as Compile)) {
      for (const [factor, text] of Object.entries(sources)) {
        project.write("total.js", await compile(text));
        const load = 'import { memoized } from "./total.js"';
        answers.push({ ...(await project.answer(load, "memoized([1, 2])")), factor: +factor });
      }
    }
    return answers;
  }

  test("two versions of it never mix; what a compiler wrote is found again", async () => {
    const project = new Project();
    const sources = { 2: source(2), 3: source(3) };
    const first = await inTurn(project, naming, sources);
    const again = await inTurn(project, naming, sources);
    for (const { result, factor } of [...first, ...again]) expect(result).toBe(5 * factor);
    expect(again.map(({ runs }) => runs)).toEqual(again.map(() => 0));
    // Compilers rewrite tokens, so a function compiled otherwise is a miss, for each version alike.
    const misses = first.filter(({ runs }) => runs === 1);
    expect(misses.length).toBeGreaterThan(2);
    expect(misses.length % 2).toBe(0);
  }, 120_000);

  test("where the name is lost, it is refused, unless it has an id", async () => {
    const project = new Project();
    const compile = compilers[nameless] as Compile;
    project.write("total.js", await compile(source(2)));
    const { result } = await project.answer(messageOf('await import("./total.js")'));
    expect(result).toMatch(/^TypeError: An anonymous function cannot be found again/);
    const load = 'import { memoized } from "./total.js"';
    for (const [factor, runs] of [[2, 1] as const, [3, 1] as const, [2, 0] as const]) {
      project.write("total.js", await compile(source(factor, ', { id: "total" }')));
      expect(await project.answer(load, "memoized([1, 2])")).toEqual({ result: 5 * factor, runs });
    }
  });

  test("with an id and a version, all of them share results", async () => {
    const options = (version: number) => `, { id: "total", version: ${version} }`;
    const sources = { 2: source(2, options(1)), 3: source(3, options(2)) };
    const answers = await inTurn(new Project(), names, sources);
    for (const { result, factor } of answers) expect(result).toBe(5 * factor);
    const runs = answers.map(({ runs }) => runs);
    expect(runs).toEqual([1, 1, ...runs.slice(2).map(() => 0)]);
  }, 120_000);

  test("comments, types that vanish and layout do not count", async () => {
    const project = new Project();
    const compiled = esbuild(source(2), { loader: "ts" }).code;
    const laidOut = compiled.replace("ran();", "/* counts */\n\n\t ran();\n // then sums\n");
    const answers: Answer[] = [];
    for (const text of [compiled, laidOut]) {
      project.write("total.js", text);
      const load = 'import { memoized } from "./total.js"';
      answers.push(await project.answer(load, "memoized([1, 2])"));
    }
    expect(laidOut).not.toBe(compiled);
    expect(answers.map(({ runs }) => runs)).toEqual([1, 0]);
  });
});

describe.concurrent("a minifier that gives a name to another function", () => {
  /** In which order functions are used decides which is called what. */
  const build = (project: Project, names: ("plus" | "times")[], options = "") => {
    const bodies = { plus: "x + 1", times: "x * 10" };
    const lines = [
      useCache,
      ...names.map((name) => `function ${name}(x) { ran(); return ${bodies[name]}; }`),
      `export const names = { ${names.map((name) => `${name}: ${name}.name`)} }`,
      ...names.map((name) => {
        const given = options.replace("NAME", name);
        return `export const ${name}Memoized = memory.memoize(${name}${given})`;
      }),
    ];
    project.write("source.js", lines.join(";\n"));
    project.bundle("source.js", "minified.js", { minify: true });
    const load = 'import { plusMemoized, timesMemoized, names } from "./minified.js"';
    return project.answer(load, "{ names, of3: [plusMemoized(3), timesMemoized(3)] }");
  };
  const namesIn = ({ result }: Answer) => (result as { names: Record<string, string> }).names;

  test.each([
    ["by its source: computed anew", "", 2],
    ["by id and version: found", ', { id: "NAME", version: 1 }', 0],
  ])("results stay with their own, %s", async (_name, options, runs) => {
    const project = new Project();
    const one = await build(project, ["times", "plus"], options);
    const two = await build(project, ["plus", "times"], options);
    // Else this test shows nothing.
    expect(namesIn(two)["plus"]).toBe(namesIn(one)["times"]);
    expect(namesIn(two)["times"]).toBe(namesIn(one)["plus"]);
    expect(one).toMatchObject({ result: { of3: [4, 30] }, runs: 2 });
    expect(two).toMatchObject({ result: { of3: [4, 30] }, runs });
  });
});
