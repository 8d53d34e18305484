/** Chunks of the files that the Python reference wrote, and of those made bad on purpose. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CHECKSUMS, type Checksum } from "../../src/blosc/checksum.ts";
import { decompress } from "../../src/blosc/codec.ts";

interface Entry {
  readonly file: string;
  readonly plain?: { readonly size: number; readonly sha256: string };
  readonly chunks?: readonly { readonly pos: number }[];
  readonly strict?: {
    readonly code: string;
    readonly alternatives?: readonly string[];
    readonly chunk?: number;
  };
}

const folder = new URL("../fixtures/golden/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("MANIFEST.json", folder), "utf8")) as {
  readonly files: readonly Entry[];
};

/** Decompresses all chunks of a file; where it has no offsets table, they are at `positions`. */
function decode(file: string, positions: readonly number[] = []) {
  const stored = new Uint8Array(readFileSync(new URL(file, folder)));
  const view = new DataView(stored.buffer);
  const chunkSize = view.getInt32(8, true);
  const nchunks = Number(view.getBigInt64(16, true));
  const plain = new Uint8Array(chunkSize * (nchunks - 1) + view.getInt32(12, true));
  const checksum = checksumAt(stored, 6);
  const chunks = Float64Array.from(offsetsOf(view, nchunks) ?? positions);
  return { plain, fault: decompress(stored, chunks, plain, chunkSize, checksum.name) };
}

function checksumAt(stored: Uint8Array, at: number): Checksum {
  return CHECKSUMS[stored[at] as number] as Checksum;
}

function offsetsOf(view: DataView, nchunks: number): number[] | undefined {
  const options = view.getUint8(5);
  if ((options & 1) === 0) return undefined;
  const digestSize = () => checksumAt(new Uint8Array(view.buffer), 41).size;
  const start = (options & 2) === 0 ? 32 : 64 + view.getUint32(48, true) + digestSize();
  return Array.from({ length: nchunks }, (_, i) => Number(view.getBigInt64(start + 8 * i, true)));
}

describe("files the reference wrote", () => {
  const good = manifest.files.filter(({ file, plain, chunks }) => {
    return !file.includes("/") && plain !== undefined && chunks !== undefined;
  });
  test("there are many", () => expect(good.length).toBeGreaterThan(60));

  test.each(good)("$file", ({ file, plain, chunks = [] }) => {
    const decoded = decode(
      file,
      chunks.map(({ pos }) => pos),
    );
    expect(decoded.fault).toBeUndefined();
    expect(createHash("sha256").update(decoded.plain).digest("hex")).toBe(plain?.sha256);
  });
});

describe("files made bad in a chunk", () => {
  const inChunk = /^bad\/(blosc-|chunk-(body|header|digest)-|trunc-digest)/;
  const bad = manifest.files.filter(({ file }) => inChunk.test(file));
  test("there are many", () => expect(bad.length).toBeGreaterThan(14));

  test.each(bad)("$file", ({ file, strict }) => {
    const { fault } = decode(file);
    const { code, alternatives = [], chunk } = strict ?? { code: "?" };
    expect([code, ...alternatives]).toContain(fault?.status);
    if (fault?.status === code) expect(fault.chunk).toBe(chunk);
  });
});
