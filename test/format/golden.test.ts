// The corpus written by the Python reference: what is good is read to the right bytes, what is
// damaged is refused with the code that the manifest names.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { BloscpackError, packNdarray, unpackBytes, unpackNdarray } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { toOrder } from "../../src/format/order.ts";
import { pythonValues } from "./python-values.ts";

interface Golden {
  readonly file: string;
  readonly base?: string;
  readonly read_as?: "bytes" | "nd";
  readonly strict?: { readonly code: string | null; readonly alternatives?: readonly string[] };
  readonly plain?: { readonly size: number; readonly sha256: string };
  readonly metadata?: { readonly text: string } | null;
  readonly ndarray?: {
    readonly dtype_str: string;
    readonly dtype_field: string;
    readonly structured: boolean;
    readonly shape: readonly number[];
    readonly order: string;
    readonly values_c_order?: readonly string[];
    readonly values_sha256_c_order: string;
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

/** What Python printed for moments and durations: it made objects of them. */
const printed: { readonly [text: string]: string } = {
  None: String(-(2n ** 63n)),
  "1970-01-01 00:00:00": "0",
  "1970-01-01 00:00:25": "1",
  "1969-12-31 23:59:35": "-1",
  "1 day, 0:00:00": "1",
  "-2 days, 0:00:00": "-2",
  "3 days, 0:00:00": "3",
};

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

  const arrays = good.flatMap((one) =>
    one.ndarray === undefined ? [] : [{ ...one, ndarray: one.ndarray }],
  );

  it.each(arrays)("$file", ({ file, ndarray }) => {
    const array = unpackNdarray(read(file));
    expect(array.shape).toEqual(ndarray.shape);
    expect(array.order).toBe(ndarray.order);
    const { dtype_str, dtype_field, structured, values_c_order } = ndarray;
    if (structured) expect(array.dtype).toBe(dtype_field);
    else if (dtype_str[1] === "U") expect(array.dtype).toBe(dtype_str);
    else expect(array.dtype).toBe(dtype_str.replace(">", "<"));
    const values = values_c_order?.map((text) => printed[text] ?? text);
    if (values !== undefined) expect(pythonValues(array)).toEqual(values);
  });

  it.each(arrays)("$file, raw", ({ file, plain, ndarray }) => {
    const array = unpackNdarray(read(file), { raw: true });
    const { dtype_str, dtype_field, structured, values_sha256_c_order } = ndarray;
    expect(array.dtype).toBe(structured ? dtype_field : dtype_str);
    expect(array.data).toBeInstanceOf(Uint8Array);
    expect(sha256(array.data)).toBe(plain?.sha256);
    expect(sha256(toOrder(array, "C").data)).toBe(values_sha256_c_order);
    expect(unpackNdarray(packNdarray(array), { raw: true })).toEqual(array);
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
