import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Project } from "../../support/project.ts";
import { bloscache, failure, jsonOf, Sample } from "./command.ts";

describe("a key", () => {
  let cache: Sample;
  const run = (...args: string[]) => bloscache(cache.location, ["why", ...args]);

  beforeAll(() => {
    cache = new Sample();
    cache.ramp(10);
    cache.ramp(10, { step: 2 });
    cache.ramp(99, { step: 2 });
    cache.pair(2, 3);
  });

  test("is compared with the nearest calls of its function, nearest first", () => {
    interface Comparison {
      readonly there: { readonly key: string };
      readonly differs: readonly object[];
    }
    const key = cache.ramp.keyOf(10);
    const [answer] = jsonOf<{ here: object; others: Comparison[] }>(run(key, "--json"));
    expect(answer?.here).toMatchObject({ key });
    expect(answer?.others.map(({ there, differs }) => [there.key, differs])).toEqual([
      [cache.ramp.keyOf(10, { step: 2 }), [{ place: "args[1].step", there: "2" }]],
      [
        cache.ramp.keyOf(99, { step: 2 }),
        [
          { place: "args[0]", here: "10", there: "99" },
          { place: "args[1].step", there: "2" },
        ],
      ],
    ]);
  });

  test("is compared with another", () => {
    const { stdout } = run(cache.ramp.keyOf(10), cache.pair.keyOf(2, 3).slice(0, 12));
    expect(stdout).toMatch(
      /\nfunction +ramp\.js#ramp +pair\.js#pair\nversion +v:1 +v:a\nargs\[0\] +10 +2\nargs\[1\] +absent +3\n$/,
    );
  });

  test("may be the only one of its function", () => {
    expect(run(cache.pair.keyOf(2, 3)).stdout).toMatch(
      /\nIt is the only result of its function\.\n$/,
    );
  });
});

describe("a function of a module", () => {
  const project = new Project();
  const run = (...args: string[]) =>
    bloscache("/nonexistent", ["why", ...args], { cwd: project.folder });

  beforeAll(async () => {
    project.write(
      "lib/fit.mjs",
      `import { memory } from "../cache.js";
       export const fit = memory.memoize(function fit(n, options) { return n; });
       export const tools = { fit };
       export const plain = () => 1;
       setInterval(() => {}, 1000);`,
    );
    project.write("broken.mjs", "throw new Error('it is broken')");
    project.write("waits.mjs", "await new Promise(() => setInterval(() => {}, 1000))");
    await project
      .answer('import { fit } from "./lib/fit.mjs"', "fit(1, { seed: 3 })", "process.exit()")
      .catch(() => 0);
  });

  test("explains its calls, and the command ends whatever the module has started", () => {
    const called = run("lib/fit.mjs#fit", '[1, {"seed": 3}]');
    expect(called).toMatchObject({ status: 0, stderr: "" });
    expect(called.stdout).toMatch(/^hit: The result was stored at /);
    const other = run("lib/fit.mjs#tools.fit", '[1, {"seed": 4}]');
    expect(other.stdout).toMatch(
      /^arguments: Never called .*: args\[1\]\.seed is 4, there 3\.\nkey [0-9a-f]{32}\n/,
    );
    const json = jsonOf(run(join(project.folder, "lib/fit.mjs#fit"), "[2]", "--json"));
    expect(json).toMatchObject([
      { reason: "arguments", differs: [{ place: "args[0]", here: "2" }, {}] },
    ]);
  });

  test.each([
    [["none.mjs#fit"], 1, "module 'none.mjs' does not exist!"],
    [["lib/fit.mjs#nope"], 1, "'lib/fit.mjs' has no export 'nope': it exports fit, plain, tools"],
    [
      ["lib/fit.mjs#tools.none"],
      1,
      "'lib/fit.mjs' has no export 'tools.none': it exports fit, plain, tools",
    ],
    [["lib/fit.mjs#plain"], 1, "'plain' of 'lib/fit.mjs' is not memoized"],
    [["lib/fit.mjs#tools"], 1, "'tools' of 'lib/fit.mjs' is not memoized"],
    [["broken.mjs#fit"], 1, "'broken.mjs' cannot be imported: it is broken"],
    [
      ["lib/fit.mjs#fit", "{}"],
      2,
      `the arguments must be a JSON array, such as '[1000, {"seed": 3}]'`,
    ],
  ])("%j is an error that says why", (args, status, message) => {
    expect(run(...args)).toMatchObject(failure(status, message));
  });

  test("arguments that are no JSON are an error", () => {
    const { status, stderr } = run("lib/fit.mjs#fit", "[1,");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bloscache: error: the arguments are not JSON: /);
  });
});
