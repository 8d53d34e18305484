// Whatever happens to what is on disk, the caller gets the function's result.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();
const codes = async () => {
  await nextTurn();
  return warnings.map(({ code }) => code);
};

const length = 3000;
const expected = Float64Array.from({ length }, (_, i) => i * 0.125);

function memoized(folder = temporaryFolder()) {
  let runs = 0;
  const compute = () => {
    runs++;
    return expected.slice();
  };
  const memory = new Memory(folder);
  const sync = memory.memoize(compute, { id: "sync" });
  const async = memory.memoize(async () => compute(), { id: "async" });
  const files = () =>
    readdirSync(join(folder, "objects"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".blp"))
      .map((name) => join(folder, "objects", name));
  return { folder, sync, async, files, runs: () => runs };
}

describe.each(["sync", "async"] as const)("a file of an %s function", (kind) => {
  it("with any byte changed is set aside, with one warning, and written again", async () => {
    const cache = memoized();
    await cache[kind]();
    const [path] = cache.files() as [string];
    const whole = readFileSync(path);
    const places = Array.from({ length: 40 }, (_, i) => Math.floor((i * whole.length) / 40));
    for (const [i, place] of [...places, whole.length - 1].entries()) {
      const [now] = cache.files() as [string];
      const bytes = readFileSync(now);
      // Files differ in length by the digits of how long the function took.
      const at = Math.min(place, bytes.length - 1);
      bytes[at] = (bytes[at] as number) ^ 0x10;
      writeFileSync(now, bytes);
      expect(await cache[kind](), `byte ${place}`).toEqual(expected);
      expect(cache.runs(), `byte ${place}`).toBe(i + 2);
      expect(await cache[kind]()).toEqual(expected);
    }
    expect(cache.runs()).toBe(places.length + 2);
    // All damage was to the result of one call.
    expect(new Set(await codes()).size).toBe(warnings.length);
    expect(readdirSync(join(cache.folder, "tmp"))[0]).toMatch(/\.blp\.damaged$/);
  });

  it.each([
    ["empty", (path: string) => truncateSync(path, 0)],
    ["short by a byte", (path: string) => truncateSync(path, readFileSync(path).length - 1)],
    ["cut after the header", (path: string) => truncateSync(path, 32)],
    ["longer", (path: string) => writeFileSync(path, "more", { flag: "a" })],
    ["another's", (path: string) => writeFileSync(path, "not a Bloscpack file")],
    [
      "a folder",
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])("that is %s is computed again", async (_name, damage) => {
    const cache = memoized();
    await cache[kind]();
    damage((cache.files() as [string])[0]);
    expect(await cache[kind]()).toEqual(expected);
    expect(await cache[kind]()).toEqual(expected);
    expect(cache.runs()).toBe(2);
    expect(await codes()).toHaveLength(1);
  });

  it("that somebody has deleted is computed again, without a warning", async () => {
    const cache = memoized();
    await cache[kind]();
    rmSync((cache.files() as [string])[0]);
    expect(await cache[kind]()).toEqual(expected);
    expect(await cache[kind]()).toEqual(expected);
    expect(cache.runs()).toBe(2);
    expect(await codes()).toEqual([]);
  });
});

describe("the folder", () => {
  it("may be deleted while it is used", async () => {
    const cache = memoized();
    cache.sync();
    rmSync(cache.folder, { recursive: true });
    expect(cache.sync()).toEqual(expected);
    expect(cache.sync()).toEqual(expected);
    expect(cache.runs()).toBe(2);
    expect(await cache.async()).toEqual(expected);
    expect(await codes()).toEqual([]);
  });

  it("may be deleted and made anew, and others see what is stored then", async () => {
    const folder = temporaryFolder();
    const store = (id: string) => {
      let runs = 0;
      const one = new Memory(folder).memoize(() => ++runs && Float64Array.of(1), { id });
      one();
      one();
      return runs;
    };
    expect(store("before")).toBe(1);
    rmSync(folder, { recursive: true });
    expect(store("after")).toBe(1);
    const elsewhere = await inChild(
      `import { Memory } from "bloscache";
       let runs = 0;
       const one = new Memory(process.env.LOCATION).memoize(() => ++runs && Float64Array.of(1), { id: "after" });
       one();
       console.log(runs);`,
      { LOCATION: folder },
    );
    // The same source under the same id, so a hit.
    expect(elsewhere).toBe(0);
  });

  it("that cannot be made leaves the function as it is, with one warning", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const cache = memoized(join(file, "cache"));
    for (let i = 0; i < 3; i++) expect(cache.sync()).toEqual(expected);
    expect(await cache.async()).toEqual(expected);
    expect(cache.runs()).toBe(4);
    expect(await codes()).toEqual(["CACHE_UNUSABLE"]);
    expect(warnings[0]?.message).toContain(file);
  });

  it("of a later release is left alone", async () => {
    const folder = temporaryFolder();
    const format = join(folder, "format.json");
    writeFileSync(format, '{"version": 99}');
    const cache = memoized(folder);
    expect(cache.sync()).toEqual(expected);
    expect(await codes()).toEqual(["CACHE_UNUSABLE"]);
    expect(warnings[0]?.message).toContain("version 99");
    expect(readFileSync(format, "utf8")).toBe('{"version": 99}');
    expect(existsSync(join(folder, "index", "data.mdb"))).toBe(false);
  });
});

describe("the index", () => {
  // LMDB keeps its file open for the life of a process, so each step is a process of its own.
  const source = `
    import { Memory } from "bloscache";
    const memory = new Memory(process.env.LOCATION);
    let runs = 0;
    const warned = [];
    process.on("warning", ({ code }) => warned.push(code));
    const small = memory.memoize(function small() { runs++; return Float64Array.of(1, 2); });
    const large = memory.memoize(function large() { runs++; return new Float64Array(5000).fill(3); });
    const right = () => small()[1] === 2 && large()[4999] === 3;
    const ok = right() && right();
    setImmediate(() => console.log(JSON.stringify({ ok, runs, warned })));`;
  const run = (LOCATION: string) =>
    inChild<{ ok: boolean; runs: number; warned: string[] }>(source, { LOCATION });

  const fresh = { ok: true, runs: 2, warned: [] };

  async function filled(): Promise<{ folder: string; data: string }> {
    const folder = temporaryFolder();
    expect(await run(folder)).toEqual(fresh);
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
    return { folder, data: join(folder, "index", "data.mdb") };
  }

  it.each([
    ["deleted", (data: string) => rmSync(data)],
    ["empty", (data: string) => truncateSync(data, 0)],
    ["cut", (data: string) => truncateSync(data, 5000)],
    ["overwritten", (data: string) => writeFileSync(data, "x".repeat(100_000))],
    ["without its lock file", (data: string) => rmSync(join(data, "../lock.mdb"))],
    [
      "a file where a folder should be",
      (data: string) => {
        rmSync(join(data, ".."), { recursive: true });
        writeFileSync(join(data, ".."), "");
      },
    ],
  ])("that is %s is replaced, and the next open is as ever", async (_name, damage) => {
    const { folder, data } = await filled();
    damage(data);
    expect(await run(folder)).toMatchObject({ ok: true });
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
  });

  it("is looked at, and trusted, when processes died while they used it", async () => {
    const { folder } = await filled();
    for (const kind of ["using", "opening"]) {
      writeFileSync(join(folder, "marks", `${kind}-00000000-1-1.0.a`), "");
    }
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
    expect(readdirSync(join(folder, "marks"))).toEqual([]);
  });

  it("that was not synced before the power went is looked at, and trusted", async () => {
    const { folder } = await filled();
    writeFileSync(join(folder, "marks", "unsynced-00000000-1-1.a"), "");
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
    expect(readdirSync(join(folder, "marks"))).toEqual([]);
  });

  it.each(["using", "opening", "unsynced"])(
    "that is torn, with a mark %s, is set aside",
    async (kind) => {
      const { folder, data } = await filled();
      writeFileSync(join(folder, "marks", `${kind}-00000000-1-1.0.a`), "");
      const bytes = readFileSync(data);
      writeFileSync(data, bytes.fill(0, 2 * 4096));
      expect(await run(folder)).toEqual({ ...fresh, warned: ["INDEX_DAMAGED"] });
      expect(existsSync(join(folder, "index.damaged", "data.mdb"))).toBe(true);
      expect(readdirSync(join(folder, "marks"))).toEqual([]);
      expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
    },
  );

  it("of a process that was killed is trusted, and its mark goes", async () => {
    const { folder } = await filled();
    const killed = inChild(
      `import { Memory } from "bloscache";
       const memory = new Memory(process.env.LOCATION);
       memory.memoize(function other() { return 1; })();
       process.kill(process.pid, "SIGKILL");`,
      { LOCATION: folder },
    );
    await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
    expect(readdirSync(join(folder, "marks")).map((name) => name.split("-")[0])).toEqual([
      "unsynced",
      "using",
    ]);
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
    expect(readdirSync(join(folder, "marks"))).toEqual([]);
  });

  it("whose rows are damaged is read where they are not", async () => {
    const { folder, data } = await filled();
    const bytes = readFileSync(data);
    // The row of the small result holds its two numbers; LMDB may hold older copies of its page.
    const numbers = Buffer.from(Float64Array.of(1, 2).buffer);
    let copies = 0;
    for (let at = bytes.indexOf(numbers); at >= 0; at = bytes.indexOf(numbers, at)) {
      bytes[at] = 0xff;
      copies++;
    }
    expect(copies).toBeGreaterThan(0);
    renameSync(data, `${data}.old`);
    writeFileSync(data, bytes);
    const after = await run(folder);
    expect(after).toMatchObject({ ok: true, warned: ["CACHE_DAMAGED"] });
    expect(await run(folder)).toEqual({ ...fresh, runs: 0 });
  });
});

describe("what is no fault of a result", () => {
  it("does not cost it: too many open files", async () => {
    const LOCATION = temporaryFolder();
    const source = (body: string) => `
      import { Memory } from "bloscache";
      const memory = new Memory(process.env.LOCATION);
      const codes = [];
      process.on("warning", ({ code }) => codes.push(code));
      let runs = 0;
      const block = memory.memoize(async (i) => {
        runs++;
        return new Float64Array(4000).fill(i);
      }, { id: "block" });
      const all = Array.from({ length: 200 }, (_, i) => i);
      ${body}
      console.log(JSON.stringify({ runs, codes }));`;
    expect(await inChild(source("for (const i of all) await block(i);"), { LOCATION })).toEqual({
      runs: 200,
      codes: [],
    });
    const burst = source(`
      const { openSync } = await import("node:fs");
      await block(0);
      try { for (;;) openSync("/dev/null"); } catch {}
      const wrong = (await Promise.all(all.map(block))).filter((array, i) => array[9] !== i);
      if (wrong.length > 0) throw new Error("wrong");
      await new Promise(setImmediate);`);
    const script = `ulimit -n 200 && exec "$0" --input-type=module -e "$1"`;
    const stdout = execFileSync("bash", ["-c", script, process.execPath, burst], {
      cwd: new URL("../..", import.meta.url),
      env: { ...process.env, LOCATION },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { runs, codes: given } = JSON.parse(stdout);
    expect(runs).toBeGreaterThan(0);
    expect(given).not.toContain("CACHE_DAMAGED");
    const calm = await inChild(source("for (const i of all) await block(i);"), { LOCATION });
    expect(calm).toEqual({ runs: 0, codes: [] });
  });
});
