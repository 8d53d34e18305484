import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callSite, moduleName, NO_FILE } from "../../src/cache/call-site.ts";
import { claimId } from "../../src/cache/claims.ts";
import { fingerprint } from "../../src/cache/fingerprint.ts";
import { identify, recordVersion } from "../../src/cache/identity.ts";
import { buildModules } from "../support/modules.ts";

function fit(a: number): number {
  return a + 1;
}
function helper(a: number): number {
  return a * 2;
}
const anonymous = (
  () => () =>
    1
)();

const scratch = mkdtempSync(join(tmpdir(), "bloscache-identity-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("id", () => {
  test("is the package, the module and the name", () => {
    expect(identify(fit).id).toBe("bloscache@/test/cache/identity.test.ts#fit");
  });
  test("is the user's if given", () => {
    expect(identify(anonymous, { id: "sum" }).id).toBe("sum");
  });
  test("takes a qualified name and another module", () => {
    const identity = identify(fit, { name: "Grid.fit" }, join(process.cwd(), "src/grid.ts"));
    expect(identity.id).toBe("bloscache@/src/grid.ts#Grid.fit");
  });
  test("an anonymous function without one is refused", () => {
    expect(() => identify(anonymous)).toThrow(/anonymous function.*\{ id \}/);
    expect(() => identify(anonymous)).toThrow(TypeError);
  });
  test.each([Math.max, fit.bind(null), new Proxy(fit, {})])(
    "native ones need id and version",
    (fn) => {
      for (const options of [{}, { id: "a" }, { version: 1 }]) {
        expect(() => identify(fn, options)).toThrow(/native or bound.*\{ id, version \}/);
      }
      expect(identify(fn, { id: "a", version: 1 })).toMatchObject({ id: "a", version: "v:1" });
    },
  );
});

describe("version", () => {
  test("is the fingerprint, or the user's, and these never meet", () => {
    expect(identify(fit).version).toBe(`f:${fingerprint(fit)}`);
    expect(identify(fit, { version: "1" }).version).toBe("v:1");
    expect(identify(fit, { version: 1 }).version).toBe("v:1");
    expect(identify(fit, { version: fingerprint(fit) }).version).not.toBe(identify(fit).version);
  });
  test("changes with each thing in dependsOn", () => {
    const lists = [[], [helper], [fit], ["a"], ["a", "b"], ["ab"], [1], ["1"], [helper, 1]];
    const versions = lists.map((dependsOn) => identify(fit, { dependsOn }).version);
    expect(new Set(versions).size).toBe(lists.length);
    expect(versions[0]).toBe(identify(fit).version);
    expect(identify(fit, { version: 2, dependsOn: [helper] }).version).toMatch(
      /^v:2\+[0-9a-f]{32}$/,
    );
  });
  test("knows a memoized helper by its version, not by the source of the wrapper", () => {
    const wrap = (version: string) => {
      const wrapper = (): number => 1;
      recordVersion(wrapper, helper, { version });
      return wrapper;
    };
    const of = (version: string) => identify(fit, { dependsOn: [wrap(version)] }).version;
    expect(of("1")).toBe(of("1"));
    expect(of("1")).not.toBe(of("2"));
  });
  test("a native helper is refused", () => {
    expect(() => identify(fit, { dependsOn: [Math.max] })).toThrow(/native or bound function, max/);
  });
});

test.each([
  { id: "" },
  { id: 1 },
  { version: "" },
  { version: Number.NaN },
  { version: {} },
  { dependsOn: "a" },
  { dependsOn: [{}] },
])("%j is refused", (options) => {
  expect(() => identify(fit, options as object)).toThrow(TypeError);
});

describe("slug", () => {
  const slugOf = (id: string) => identify(fit, { id }).slug;
  test.each([
    "a",
    "..",
    ".",
    "con",
    "NUL",
    "a/../b",
    "数値",
    "x".repeat(500),
    "-",
    "\0",
    "A b:c*d",
    `a-${"y".repeat(60)}`,
  ])("of %j is a harmless directory name", (id) => {
    expect(slugOf(id)).toMatch(/^[a-z0-9_][a-z0-9_-]{0,38}-[0-9a-f]{8}$/);
  });
  test("ids that look alike on disk keep apart", () => {
    const ids = ["a/b", "a-b", "A-B", "a--b"];
    expect(new Set(ids.map(slugOf)).size).toBe(ids.length);
  });
  test("shows the end of a long id, by whole words", () => {
    expect(identify(fit).slug).toMatch(/^test-cache-identity-test-ts-fit-[0-9a-f]{8}$/);
  });
});

describe("the call site", () => {
  test("is this file, and asking leaves Error as it was", () => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    expect(callSite().path).toMatch(/[\\/]test[\\/]cache[\\/]identity\.test\.ts$/);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    expect(Error.prepareStackTrace).toBe(prepareStackTrace);
  });
  test("is found when stacks are switched off, and from eval'd code", () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const nested = new Function("f", "return f()") as (f: typeof callSite) => { path: string };
      expect(nested(callSite).path).toMatch(/identity\.test\.ts$/);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });

  const write = (path: string, text: string) => {
    const file = join(scratch, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  test("belongs to the nearest package with a name", () => {
    write("p/package.json", '{"name":"@me/p"}');
    write("p/dist/esm/package.json", '{"type":"module"}');
    write("p/broken/package.json", "{");
    expect(moduleName(write("p/dist/esm/a.js", ""))).toBe("@me/p@/dist/esm/a.js");
    expect(moduleName(write("p/broken/b.js", ""))).toBe("@me/p@/broken/b.js");
    const inner = write("p/node_modules/q/c.js", "");
    expect(moduleName(inner)).not.toContain("@me/p");
    expect(moduleName(NO_FILE)).toBe("bloscache@/<repl>");
  });
});

describe("outside vitest", () => {
  let dist: string;
  beforeAll(() => {
    dist = buildModules("identity");
  });
  const idIn = (file: string, text: string) => {
    writeFileSync(join(scratch, "package.json"), '{"name":"outside"}');
    mkdirSync(join(scratch, "a b"), { recursive: true });
    writeFileSync(join(scratch, "a b", file), text);
    return run([join(scratch, "a b", file)]);
  };
  const run = (args: string[]) => {
    const options = { encoding: "utf8", cwd: scratch } as const;
    return execFileSync(process.execPath, ["--no-warnings", ...args], options).trim();
  };
  const use = "function fit() {}\nconsole.log(identify(fit).id);";
  const imported = () =>
    `import { identify } from ${JSON.stringify(pathToFileURL(`${dist}/cache/identity.js`).href)};`;
  const required = () =>
    `const { identify } = require(${JSON.stringify(`${dist}/cache/identity.js`)});`;

  test("a module is named by its file", () => {
    expect(idIn("esm é.mjs", `${imported()}\n${use}`)).toBe("outside@/a b/esm é.mjs#fit");
    expect(idIn("cjs.cjs", `${required()}\n${use}`)).toBe("outside@/a b/cjs.cjs#fit");
  });
  test("code in no file is named as such", () => {
    expect(run(["-e", `${required()}\n${use}`])).toBe("outside@/<repl>#fit");
    expect(run(["--input-type=module", "-e", `${imported()}\n${use}`])).toBe("outside@/<repl>#fit");
  });
});

describe("claims", () => {
  const at = (path: string, load = path) => ({ path, load });
  const claim = (location: string, id: string, fn: object, site = at("/m.js")) =>
    claimId({ location, id, site }, fn as () => void);

  test("one function may claim an id as often as it likes, in every cache", () => {
    claim("/c1", "a", fit);
    claim("/c1", "a", fit);
    claim("/c1", "a", fit, at("/n.js"));
    claim("/c2", "a", helper);
    claim("/c1", "b", helper);
  });
  test("another one is refused, with both ways out", () => {
    claim("/c3", "a", fit);
    expect(() => claim("/c3", "a", helper)).toThrow(TypeError);
    expect(() => claim("/c3", "a", helper)).toThrow(/\{ id \}.*top level of the module/);
    expect(() => claim("/c3", "a", helper, at("/n.js"))).toThrow(TypeError);
  });
  test("but for one of each load of the module", () => {
    claim("/c4", "a", fit, at("/m.js", "file:///m.js?1"));
    claim("/c4", "a", helper, at("/m.js", "file:///m.js?2"));
    for (const query of [1, 2]) {
      const site = at("/m.js", `file:///m.js?${query}`);
      expect(() => claim("/c4", "a", anonymous, site)).toThrow(TypeError);
    }
  });
  test("also when the first was collected", () => {
    // Only a process of its own may collect garbage at will.
    const code = `
      const holders = new Map();
      const site = { path: "/m.js", load: "/m.js" };
      ${claimId.toString()}
      const make = (k) => function fit(a) { return a + k };
      const claim = (fn) => claimId({ location: "/c", id: "fit", site }, fn);
      (() => claim(make(1)))();
      setTimeout(() => {
        gc();
        try { claim(make(2)); } catch (error) { console.log(error.name); }
      }, 10);`;
    const out = execFileSync(process.execPath, ["--expose-gc", "-e", code], { encoding: "utf8" });
    expect(out.trim()).toBe("TypeError");
  });
});
