// The corpus written by the Python reference: what is good is read to the right bytes, what is
// damaged is refused with the code that the manifest names.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BloscpackError, unpackBytes, unpackNdarray } from "bloscache/format";
import { describe, expect, it } from "vitest";

interface Golden {
  readonly file: string;
  readonly base?: string;
  readonly read_as?: "bytes" | "nd";
  readonly strict?: { readonly code: string | null; readonly alternatives?: readonly string[] };
  readonly plain?: { readonly size: number; readonly sha256: string };
  readonly metadata?: { readonly text: string } | null;
  readonly ndarray?: {
    readonly dtype_str: string;
    readonly shape: readonly number[];
    readonly order: string;
    readonly values_c_order: unknown;
  };
}

const folder = new URL("../fixtures/golden/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("MANIFEST.json", folder), "utf8")) as {
  readonly files: readonly Golden[];
};
const read = (file: string) => readFileSync(new URL(file, folder));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const good = manifest.files.filter(({ file }) => !/^(bad|edge)\//.test(file));
const bad = manifest.files.filter(({ file }) => file.startsWith("bad/"));
const edge = manifest.files.filter(({ file }) => file.startsWith("edge/"));

/** dtypes that no typed array holds. */
const beyond = /unicode|bytes|void|struct/;

describe("good files", () => {
  it.each(good.filter(({ ndarray }) => ndarray === undefined))(
    "$file",
    ({ file, plain, metadata }) => {
      const unpacked = unpackBytes(read(file));
      expect(unpacked.bytes.byteLength).toBe(plain?.size);
      expect(sha256(unpacked.bytes)).toBe(plain?.sha256);
      if (metadata === null || metadata === undefined) expect(unpacked.metadata).toBeUndefined();
      else expect(unpacked.metadata).toEqual(JSON.parse(metadata.text));
    },
  );

  const arrays = good.filter(({ ndarray }) => ndarray !== undefined);

  it.each(arrays.filter(({ file }) => !beyond.test(file)))("$file", ({ file, plain, ndarray }) => {
    const bytes = read(file);
    const array = unpackNdarray(bytes);
    expect(array.shape).toEqual(ndarray?.shape);
    expect(array.order).toBe(ndarray?.order);
    expect(array.dtype).toBe(ndarray?.dtype_str.replace(">", "<"));
    const stored = Buffer.from(array.data.buffer.slice(0));
    const swap = { 2: "swap16", 4: "swap32", 8: "swap64" } as const;
    if (ndarray?.dtype_str.startsWith(">")) {
      stored[swap[array.data.BYTES_PER_ELEMENT as keyof typeof swap]]();
    }
    expect(sha256(stored)).toBe(plain?.sha256);
  });

  it.each(arrays.filter(({ file }) => beyond.test(file)))(
    "$file needs a dtype of its own",
    ({ file, plain }) => {
      expect(() => unpackNdarray(read(file))).toThrow(
        expect.objectContaining({ code: "NDARRAY_DTYPE", field: "dtype" }),
      );
      expect(sha256(unpackBytes(read(file)).bytes)).toBe(plain?.sha256);
    },
  );

  it("gives the values of a big-endian array in native order", () => {
    const values = manifest.files.find(({ file }) => file === "nd-be-f8.blp")?.ndarray
      ?.values_c_order;
    const { data } = unpackNdarray(read("nd-be-f8.blp"));
    expect(Array.from(data as Float64Array, String)).toEqual(
      (values as string[]).map((text) => String(Number(text.replace("inf", "Infinity")))),
    );
  });
});

describe("unusual files that must be read", () => {
  const plainOf = (name: string | undefined) =>
    manifest.files.find(({ file }) => file === name)?.plain?.sha256;

  // The manifest lets a strict reader refuse chunks out of order, and this one does.
  const inOrder = edge.filter(({ file }) => file !== "edge/offsets-permuted.blp");

  it.each(inOrder)("$file", ({ file, base }) => {
    expect(sha256(unpackBytes(read(file)).bytes)).toBe(plainOf(base));
  });

  it("reads metadata that is null, and metadata in UTF-8", () => {
    expect(unpackBytes(read("edge/meta-null.blp")).metadata).toBeNull();
    expect(unpackBytes(read("edge/meta-utf8.blp")).metadata).toEqual({ k: "é" });
  });

  it("refuses chunks out of order", () => {
    expect(() => unpackBytes(read("edge/offsets-permuted.blp"))).toThrow(
      expect.objectContaining({ code: "OFFSET_ORDER", section: "offsets" }),
    );
  });
});

describe("damaged files", () => {
  it.each(bad)("$file", ({ file, read_as, strict }) => {
    let error: unknown;
    try {
      (read_as === "nd" ? unpackNdarray : unpackBytes)(read(file));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BloscpackError);
    expect([strict?.code, ...(strict?.alternatives ?? [])]).toContain(
      (error as BloscpackError).code,
    );
  });
});
