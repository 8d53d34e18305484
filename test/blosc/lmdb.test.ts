import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { binding } from "../../src/blosc/binding.ts";
import { Lmdb } from "../../src/blosc/lmdb.ts";
import { buildModules } from "../support/modules.ts";
import { nextTurn } from "../support/warnings.ts";

const execFileAsync = promisify(execFile);

const root = mkdtempSync(join(tmpdir(), "bloscache-lmdb-"));
afterAll(() => rmSync(root, { recursive: true }));

const options = { mapSize: 2 ** 30, maxReaders: 100, nearSize: 2 ** 26, sync: false };
const folder = () => mkdtempSync(join(root, "env-"));
const key = (text: string) => Buffer.from(text);
const put = (lmdb: Lmdb, name: string, row: Uint8Array) =>
  lmdb.write([{ put: [[key(name), row]] }]);
const remove = (lmdb: Lmdb, name: string) => lmdb.write([{ delete: [key(name)] }]);

const modules = buildModules("lmdb");

/** How large a file may be to be read through the map: these are, or are not. */
const READINGS = [
  ["through the map", 2 ** 30],
  ["by calls of the system", 0],
] as const;

describe("Lmdb", () => {
  test.each(READINGS)("keeps rows of any size, read %s", (_name, nearSize) => {
    const lmdb = new Lmdb(folder(), { ...options, nearSize });
    for (const size of [0, 1, 24, 5000, 65_536, 65_537, 3_000_000]) {
      const row = new Uint8Array(size).fill(size % 251);
      put(lmdb, `row ${size}`, row);
      expect(Buffer.compare(lmdb.get(key(`row ${size}`)) as Uint8Array, row)).toBe(0);
    }
    expect(lmdb.get(key("row 24"))).toHaveLength(24);
  });

  test("replaces and deletes", () => {
    const lmdb = new Lmdb(folder(), options);
    expect(lmdb.get(key("k"))).toBeUndefined();
    remove(lmdb, "k");
    put(lmdb, "k", Uint8Array.of(1));
    put(lmdb, "k", Uint8Array.of(2, 3));
    expect(lmdb.get(key("k"))).toEqual(Uint8Array.of(2, 3));
    remove(lmdb, "k");
    expect(lmdb.get(key("k"))).toBeUndefined();
  });

  test.each(READINGS)(
    "scans, %s, the rows of a prefix in the order of their keys, whatever comes and goes",
    (_name, nearSize) => {
      const lmdb = new Lmdb(folder(), { ...options, nearSize });
      const scan = (prefix: string) =>
        Array.from(
          lmdb.scan(key(prefix)),
          ({ key, row }) => `${Buffer.from(key)} ${row.byteLength}`,
        );
      expect(scan("")).toEqual([]);
      const sizes = Array.from(
        { length: 40 },
        (_, i) => [0, 7, 90_000, 1_500_000][i % 4] as number,
      );
      for (const [i, size] of sizes.entries()) {
        put(lmdb, `b${String(i).padStart(2, "0")}`, new Uint8Array(size));
      }
      for (const other of ["a", "ab", "b", "c", "ba"]) put(lmdb, other, Uint8Array.of(1));
      const rows = sizes.map((size, i) => `b${String(i).padStart(2, "0")} ${size}`);
      expect(scan("b")).toEqual(["b 1", ...rows, "ba 1"]);
      expect(scan("b0")).toEqual(rows.slice(0, 10));
      expect(scan("c")).toEqual(["c 1"]);
      expect(scan("d")).toEqual([]);
      expect(scan("")).toHaveLength(45);
      const met: string[] = [];
      for (const { key: name } of lmdb.scan(key("b"))) {
        met.push(`${Buffer.from(name)}`);
        remove(lmdb, Buffer.from(name).toString());
      }
      expect(met).toHaveLength(42);
      expect(scan("")).toEqual(["a 1", "ab 1", "c 1"]);
    },
  );

  test("makes changes together, those whose expectations are met", () => {
    const lmdb = new Lmdb(folder(), options);
    const one = Uint8Array.of(1);
    const two = Uint8Array.of(2);
    const made = lmdb.write([
      { expect: [[key("a"), undefined]], put: [[key("a"), one]] },
      { expect: [[key("a"), undefined]], put: [[key("b"), one]], delete: [key("a")] },
      { expect: [[key("a"), two]], delete: [key("a")] },
      { expect: [[key("a"), one], [key("b"), undefined]], put: [[key("c"), two]] }, // biome-ignore format: a table
      {},
    ]);
    expect(made).toEqual([true, false, false, true, true]);
    expect(lmdb.get(key("a"))).toEqual(one);
    expect(lmdb.get(key("b"))).toBeUndefined();
    expect(lmdb.get(key("c"))).toEqual(two);
    expect(lmdb.write([])).toEqual([]);
  });

  test("adds to the numbers of a row, whatever others add", () => {
    const path = folder();
    const lmdb = new Lmdb(path, options);
    const add = () => lmdb.write([{ add: [[key("sum"), [1, -0.5]]] }]);
    for (let i = 0; i < 100; i++) add();
    const script = `
      import { Lmdb } from "${modules}/blosc/lmdb.js";
      const lmdb = new Lmdb(${JSON.stringify(path)}, ${JSON.stringify(options)});
      for (let i = 0; i < 1000; i++) lmdb.write([{ add: [[Buffer.from("sum"), [1, -0.5]]] }]);`;
    const child = execFileAsync(process.execPath, ["--input-type=module", "-e", script]);
    for (let i = 0; i < 900; i++) add();
    return child.then(() => {
      const row = (lmdb.get(key("sum")) as Uint8Array).slice();
      expect(new Float64Array(row.buffer)).toEqual(Float64Array.of(2000, -1000));
    });
  });

  test("makes those that are begun in their order, off this thread or at once", async () => {
    const lmdb = new Lmdb(folder(), options);
    const begin = (n: number) =>
      lmdb.writeBegin([
        {
          expect: [[key("last"), n === 0 ? undefined : Uint8Array.of(n - 1)]],
          put: [[key("last"), Uint8Array.of(n)]],
        },
        { expect: [[key("none"), Uint8Array.of(n)]], delete: [key("last")] },
      ]);
    for (const waits of [[], [0], [7], [3, 3, 19], [19, 0]]) {
      remove(lmdb, "last");
      const begun = Array.from({ length: 20 }, (_, n) => begin(n));
      for (const n of waits) {
        for (const { finish } of begun.slice(0, n)) finish();
        expect(begun[n]?.finish()).toEqual([true, false]);
      }
      const made = await Promise.all(begun.map(({ done }) => done));
      expect(made, `waiting for ${waits}`).toEqual(Array(20).fill([true, false]));
      expect(lmdb.get(key("last"))).toEqual(Uint8Array.of(19));
    }
  });

  test("fails one that is begun, and not those beside it", async () => {
    const lmdb = new Lmdb(folder(), options);
    const begin = (name: string) => lmdb.writeBegin([{ put: [[key(name), Uint8Array.of(1)]] }]);
    const [one, bad, other] = [begin("one"), begin(""), begin("other")];
    expect(() => bad.finish()).toThrow(/MDB_ERROR/);
    await expect(bad.done).rejects.toThrow(/MDB_ERROR/);
    expect(await Promise.all([one.done, other.done])).toEqual([[true], [true]]);
    expect(lmdb.get(key("other"))).toEqual(Uint8Array.of(1));
  });

  test("makes none of a batch that is not whole", () => {
    const lmdb = new Lmdb(folder(), options);
    const failing = [
      { put: [[key("k"), Uint8Array.of(1)]] },
      { put: [[key(""), Uint8Array.of(1)]] },
    ] as const;
    expect(() => lmdb.write(failing)).toThrow(/MDB_ERROR/);
    expect(lmdb.get(key("k"))).toBeUndefined();
    const { lmdbOpen, lmdbWrite } = binding;
    const handle = lmdbOpen(folder(), 2 ** 20, 10, 2 ** 20, false);
    const write = (bytes: number[], changes = 1) =>
      lmdbWrite(handle, new Uint8Array(new Uint32Array(bytes).buffer), new Uint8Array(changes));
    for (const bytes of [
      [0],
      [0, 0, 0, 9, 0, 0],
      [0, 0, 1],
      [0, 0, 0, 2, 2 ** 32 - 1, 2 ** 32 - 1],
      [2, 0, 0],
    ]) {
      expect(() => write(bytes), `${bytes}`).toThrow(/EINVAL/);
    }
    expect(() => write([0, 0, 0, 0, 0, 0])).toThrow(/EINVAL/);
    expect(() => write([0, 0, 0, 0, 0, 0], 2)).not.toThrow();
  });

  test("is one environment per folder, with readers of their own", () => {
    const path = folder();
    const [a, b] = [new Lmdb(path, options), new Lmdb(path, options)];
    put(a, "k", Uint8Array.of(7));
    expect(b.get(key("k"))).toEqual(Uint8Array.of(7));
  });

  test.each(READINGS)("sees, %s, what other processes commit, at once", (_name, nearSize) => {
    const path = folder();
    const lmdb = new Lmdb(path, { ...options, nearSize });
    put(lmdb, "k", Uint8Array.of(1));
    const script = `
      import { Lmdb } from "${modules}/blosc/lmdb.js";
      const lmdb = new Lmdb(${JSON.stringify(path)}, ${JSON.stringify(options)});
      if (lmdb.get(Buffer.from("k"))[0] !== 1) throw new Error("not seen there");
      lmdb.write([{ put: [[Buffer.from("k"), Uint8Array.of(2)]] }]);`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(lmdb.get(key("k"))).toEqual(Uint8Array.of(2));
  });

  test.each(READINGS)(
    "reads, %s, whole rows while another process replaces them",
    async (_name, nearSize) => {
      const path = folder();
      const lmdb = new Lmdb(path, { ...options, nearSize });
      const names = Array.from({ length: 100 }, (_, i) => key(`row ${i}`));
      lmdb.write([{ put: names.map((name) => [name, new Uint8Array(6000)] as const) }]);
      const script = `
      import { Lmdb } from "${modules}/blosc/lmdb.js";
      const lmdb = new Lmdb(${JSON.stringify(path)}, ${JSON.stringify(options)});
      for (let i = 1; i <= 20_000; i++) {
        const row = new Uint8Array(100 + (i * 997) % 20_000).fill(i);
        lmdb.write([{ put: [[Buffer.from("row " + (i % 100)), row]] }]);
      }`;
      let isOver = false;
      const child = execFileAsync(process.execPath, ["--input-type=module", "-e", script]).finally(
        () => {
          isOver = true;
        },
      );
      const seen = new Set<number>();
      const look = (row: Uint8Array) => {
        seen.add(row[0] as number);
        if (row.some((byte) => byte !== row[0])) throw new Error("a row is torn");
      };
      while (!isOver) {
        for (const name of names) look(lmdb.get(name) as Uint8Array);
        for (const { row } of lmdb.scan(key("row 7"))) look(row);
        await nextTurn();
      }
      await child;
      expect(seen.size).toBeGreaterThan(10);
    },
  );

  test("says what is wrong by a code", () => {
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return undefined;
    };
    expect(codeOf(() => new Lmdb(join(root, "none"), options))).toBe("ENOENT");
    const garbage = folder();
    writeFileSync(join(garbage, "data.mdb"), Buffer.alloc(8192, 1));
    expect(codeOf(() => new Lmdb(garbage, options))).toBe("MDB_INVALID");
    const small = new Lmdb(folder(), { ...options, mapSize: 65_536 });
    expect(codeOf(() => put(small, "k", new Uint8Array(100_000)))).toBe("MDB_MAP_FULL");
    expect(small.get(key("k"))).toBeUndefined();
    put(small, "k", Uint8Array.of(1));
    const roomy = new Lmdb(folder(), options);
    expect(codeOf(() => put(roomy, "k", new Uint8Array(2 ** 24 + 1)))).toBe("MDB_ERROR");
    expect(codeOf(() => put(small, "k".repeat(600), Uint8Array.of(1)))).toBe("MDB_ERROR");
  });

  test("refuses what are no bytes", () => {
    const lmdb = new Lmdb(folder(), options);
    expect(() => lmdb.get("k" as never)).toThrow(TypeError);
    expect(() => [...lmdb.scan([1] as never)]).toThrow(TypeError);
    expect(() => new Lmdb(5 as never, options)).toThrow(TypeError);
  });
});
