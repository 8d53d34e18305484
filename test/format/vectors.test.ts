// The reference's own answers for sizes and headers, with the few where this library says otherwise.
import { readFileSync } from "node:fs";
import { calculateNchunks } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { CHECKSUMS } from "../../src/blosc/checksum.ts";
import { decodeHeader, encodeHeader } from "../../src/format/header.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../fixtures/golden/VECTORS.json", import.meta.url), "utf8"),
);

interface Vector<In> {
  readonly in: In;
  readonly result?: never;
  readonly error?: string;
}

describe("calculateNchunks", () => {
  const given = (vectors.calculate_nchunks as Vector<[unknown, unknown]>[]).filter(
    // Python takes True for 1, which nobody means here.
    ({ in: [, chunkSize] }) => chunkSize !== true,
  );
  it.each(given)("$in", ({ in: [size, chunkSize], result, error }) => {
    const attempt = () => calculateNchunks(size as number, chunkSize as number);
    if (error !== undefined) expect(attempt).toThrow(/must be/);
    else {
      const { nchunks, chunkSize: chunk, lastChunk } = attempt();
      expect([nchunks, chunk, lastChunk]).toEqual(result);
    }
  });

  const sizes = (vectors.reverse_pretty as Vector<string>[]).filter(
    // Exponents are Python's float(), not a size that anybody writes.
    ({ in: text }) => !text.includes("e"),
  );
  it.each(sizes)("a chunk size of $in", ({ in: text, result, error }) => {
    const attempt = () => calculateNchunks(Number.MAX_SAFE_INTEGER, text).chunkSize;
    const possible = error === undefined && (result ?? 0) >= 1 && (result ?? 0) < 2 ** 31;
    if (possible) expect(attempt()).toBe(result);
    else expect(attempt).toThrow(/chunkSize must be/);
  });
});

interface Fields {
  readonly [name: string]: unknown;
}

/** What the reference's BloscpackHeader is given, by our names. */
function headerOf(fields: Fields) {
  return {
    offsets: fields["offsets"] === true,
    metadata: fields["metadata"] === true,
    checksum: CHECKSUMS.find(({ name }) => name === (fields["checksum"] ?? "None"))?.name ?? "None",
    typesize: Number(fields["typesize"] ?? 0),
    chunkSize: Number(fields["chunk_size"] ?? -1),
    lastChunk: Number(fields["last_chunk"] ?? -1),
    nchunks: BigInt((fields["nchunks"] as string) ?? -1),
    maxAppChunks: BigInt((fields["max_app_chunks"] as string) ?? 0),
  };
}

describe("headers", () => {
  const given = (vectors.header as { in: Fields; result?: string }[]).filter(
    ({ in: fields, result }) => result !== undefined && fields["format_version"] === undefined,
  );
  it.each(given)("$in", ({ in: fields, result }) => {
    const header = headerOf(fields);
    expect(Buffer.from(encodeHeader(header)).toString("hex")).toBe(result);
    expect(decodeHeader(Buffer.from(result as string, "hex"))).toEqual(header);
  });
});
