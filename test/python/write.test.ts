import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packNdarrayToFile, packNdarrayToFileSync, type TypedArray } from "../../src/format.ts";
import { type Case, cases, itemsizes, longCases, longItemsizes, nameOf } from "./cases.ts";
import { askReference, hasReference, sha256 } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bloscache-"));
afterAll(() => rmSync(folder, { recursive: true }));

const arrays: { readonly [dtype: string]: new (buffer: ArrayBuffer) => TypedArray } = {
  "|i1": Int8Array,
  "|u1": Uint8Array,
  "|b1": Uint8Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<f2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
  "<c8": Float32Array,
  "<c16": Float64Array,
  "<M8[ns]": BigInt64Array,
  "<M8": BigInt64Array,
  "<m8[25s]": BigInt64Array,
};

/** The same values as reference.py makes. */
function values(dtype: string, shape: readonly number[]): TypedArray {
  const itemsize = itemsizes[dtype] ?? longItemsizes[dtype] ?? Number(/\d+/.exec(dtype)?.[0]);
  const bytes = new Uint8Array(shape.reduce((product, n) => product * n, itemsize));
  const mask = dtype === "|b1" ? 1 : 255;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (Math.floor((i * 37) / 3) % 251) & mask;
  return new (arrays[dtype] ?? Uint8Array)(bytes.buffer);
}

function write(path: string, { dtype, shape, order, ...options }: Case): Promise<void> | undefined {
  const array = { data: values(dtype, shape), dtype, shape, order };
  if (path.endsWith("async.blp")) return packNdarrayToFile(path, array, options);
  packNdarrayToFileSync(path, array, options);
  return undefined;
}

const files = [...cases, ...longCases].map(
  (one, index): [name: string, one: Case, path: string] => [
    nameOf(one),
    one,
    join(folder, `${index}.${index % 2 === 0 ? "" : "async."}blp`),
  ],
);

describe.skipIf(!hasReference)("files written here are read by the Python reference", () => {
  const answers = new Map<string, unknown>();
  beforeAll(async () => {
    for (const [, one, path] of files) await write(path, one);
    const read = askReference(files.map(([, , path]) => ({ do: "unpack", path })));
    files.forEach(([, , path], index) => {
      answers.set(path, read[index]);
    });
  });

  test.each(files)("%s", (_name, { dtype, shape, order }, path) => {
    const long = shape.filter((length) => length > 1).length;
    const isFortran = order === "F" && long > 1 && !shape.includes(0);
    expect(answers.get(path)).toEqual({
      // numpy takes padding for a field when it reads, and names it.
      dtype: dtype.replace("('', ", "('f1', "),
      shape,
      order: isFortran ? "F" : "C",
      sha256: sha256(values(dtype, shape)),
    });
  });
});
