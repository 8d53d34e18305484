import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Memory } from "../../src/index.ts";
import { askReference, hasReference, sha256 } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bloscache-"));
afterAll(() => rmSync(folder, { recursive: true }));

function storedFiles(location: string): string[] {
  const objects = join(location, "objects");
  const names = readdirSync(objects, { encoding: "utf8", recursive: true });
  return names.filter((name) => name.endsWith(".blp")).map((name) => join(objects, name));
}

function readThere(location: string): unknown[] {
  return askReference(storedFiles(location).map((path) => ({ do: "unpack", path })));
}

describe.skipIf(!hasReference)("files of a cache are read by the Python reference", () => {
  test("of a memoized function", () => {
    const location = join(folder, "memoized");
    const memory = new Memory({ location });
    const wave = memory.memoize(function wave(rows: number, columns: number) {
      const data = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i / 100));
      return { data, shape: [rows, columns] };
    });
    const { data } = wave(300, 500);
    expect(readThere(location)).toEqual([
      { dtype: "<f8", shape: [300, 500], order: "C", sha256: sha256(data) },
    ]);
  });

  test("of the airports demo", () => {
    const location = join(folder, "airports");
    const step = join(import.meta.dirname, "../../examples/airports/step.mjs");
    const stdout = execFileSync(process.execPath, [step, location], { encoding: "utf8" });
    const { shape, sha256 } = JSON.parse(stdout);
    expect(readThere(location)).toEqual([{ dtype: "<f8", shape, order: "C", sha256 }]);
  });
});
