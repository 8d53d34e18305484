import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Lmdb } from "../../src/blosc/lmdb.ts";
import { buildModules } from "../support/modules.ts";

const root = mkdtempSync(join(tmpdir(), "bloscache-lmdb-"));
afterAll(() => rmSync(root, { recursive: true }));

const options = { mapSize: 2 ** 30, maxReaders: 100, sync: false };
const folder = () => mkdtempSync(join(root, "env-"));
const key = (text: string) => Buffer.from(text);

describe("Lmdb", () => {
  test("keeps rows of any size", () => {
    const lmdb = new Lmdb(folder(), options);
    for (const size of [0, 1, 24, 5000, 65_536, 65_537, 3_000_000]) {
      const row = new Uint8Array(size).fill(size % 251);
      lmdb.put(key(`row ${size}`), row);
      expect(Buffer.compare(lmdb.get(key(`row ${size}`)) as Uint8Array, row)).toBe(0);
    }
    expect(lmdb.get(key("row 24"))).toHaveLength(24);
  });

  test("replaces and deletes", () => {
    const lmdb = new Lmdb(folder(), options);
    expect(lmdb.get(key("k"))).toBeUndefined();
    expect(lmdb.delete(key("k"))).toBe(false);
    lmdb.put(key("k"), Uint8Array.of(1));
    lmdb.put(key("k"), Uint8Array.of(2, 3));
    expect(lmdb.get(key("k"))).toEqual(Uint8Array.of(2, 3));
    expect(lmdb.delete(key("k"))).toBe(true);
    expect(lmdb.get(key("k"))).toBeUndefined();
  });

  test("scans the rows of a prefix in the order of their keys, whatever comes and goes", () => {
    const lmdb = new Lmdb(folder(), options);
    const scan = (prefix: string) =>
      Array.from(lmdb.scan(key(prefix)), ({ key, row }) => `${Buffer.from(key)} ${row.byteLength}`);
    expect(scan("")).toEqual([]);
    const sizes = Array.from({ length: 40 }, (_, i) => [0, 7, 90_000, 1_500_000][i % 4] as number);
    for (const [i, size] of sizes.entries()) {
      lmdb.put(key(`b${String(i).padStart(2, "0")}`), new Uint8Array(size));
    }
    for (const other of ["a", "ab", "b", "c", "ba"]) lmdb.put(key(other), Uint8Array.of(1));
    const rows = sizes.map((size, i) => `b${String(i).padStart(2, "0")} ${size}`);
    expect(scan("b")).toEqual(["b 1", ...rows, "ba 1"]);
    expect(scan("b0")).toEqual(rows.slice(0, 10));
    expect(scan("c")).toEqual(["c 1"]);
    expect(scan("d")).toEqual([]);
    expect(scan("")).toHaveLength(45);
    const met: string[] = [];
    for (const { key: name } of lmdb.scan(key("b"))) {
      met.push(`${Buffer.from(name)}`);
      lmdb.delete(Uint8Array.from(name));
    }
    expect(met).toHaveLength(42);
    expect(scan("")).toEqual(["a 1", "ab 1", "c 1"]);
  });

  test("is one environment per folder, with readers of their own", () => {
    const path = folder();
    const [a, b] = [new Lmdb(path, options), new Lmdb(path, options)];
    a.put(key("k"), Uint8Array.of(7));
    expect(b.get(key("k"))).toEqual(Uint8Array.of(7));
  });

  test("sees what other processes commit, at once", () => {
    const path = folder();
    const lmdb = new Lmdb(path, options);
    lmdb.put(key("k"), Uint8Array.of(1));
    const script = `
      import { Lmdb } from ${JSON.stringify(`${buildModules("lmdb")}/blosc/lmdb.js`)};
      const lmdb = new Lmdb(${JSON.stringify(path)}, ${JSON.stringify(options)});
      if (lmdb.get(Buffer.from("k"))[0] !== 1) throw new Error("not seen there");
      lmdb.put(Buffer.from("k"), Uint8Array.of(2));`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(lmdb.get(key("k"))).toEqual(Uint8Array.of(2));
  });

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
    expect(codeOf(() => small.put(key("k"), new Uint8Array(100_000)))).toBe("MDB_MAP_FULL");
    expect(small.get(key("k"))).toBeUndefined();
    small.put(key("k"), Uint8Array.of(1));
    const roomy = new Lmdb(folder(), options);
    expect(codeOf(() => roomy.put(key("k"), new Uint8Array(2 ** 24 + 1)))).toBe("MDB_ERROR");
    expect(codeOf(() => small.put(new Uint8Array(600), Uint8Array.of(1)))).toBe("MDB_ERROR");
  });

  test("refuses what are no bytes", () => {
    const lmdb = new Lmdb(folder(), options);
    expect(() => lmdb.put("k" as never, Uint8Array.of(1))).toThrow(TypeError);
    expect(() => lmdb.put(key("k"), [1] as never)).toThrow(TypeError);
    expect(() => new Lmdb(5 as never, options)).toThrow(TypeError);
  });
});
