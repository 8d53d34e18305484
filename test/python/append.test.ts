// Files that are appended to there and here in turn, and read by both.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packBytes, packNdarrayToFileSync, unpackBytes } from "../../src/format.ts";
import { appendBytesSync, appendNdarraySync } from "../../src/store/append-file.ts";
import { askReference, type Description, hasReference, ramp, sha256 } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bloscache-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Appends in this order, each to one file; the sizes go into, up to and over the last chunk. */
const sizes = [0, 1, 399, 400, 401, 1000, 2777];
const files = [
  {},
  { maxAppChunks: 40 },
  { cname: "lz4", shuffle: "bitshuffle", typesize: 4 },
  { cname: "zstd", checksum: "sha256", metadata: { a: 1 } },
  { clevel: 0, checksum: "None", metadataArgs: { metaCodec: "None" }, metadata: [1] },
] as const;

const cases = files.flatMap((options, f) =>
  sizes.map((_size, i) => ({ path: join(folder, `${f}-${i}.blp`), options, first: i })),
);

test.skipIf(!hasReference)("files appended to in turn there and here, and read by both", () => {
  const plains = cases.map(({ path, options, first }) => {
    const plain: Uint8Array = ramp(1000 + first * 177, 3);
    writeFileSync(path, packBytes(plain, { ...options, chunkSize: 400 } as object));
    return plain;
  });
  for (let round = 0; round < 4; round++) {
    const pieces = cases.map(({ first }) => ({
      n: sizes[(first + round * 3) % sizes.length] as number,
      step: round + 5,
    }));
    const requests = cases.map(({ path }, i) => ({
      do: "append_bytes" as const,
      path,
      ...(pieces[i] as (typeof pieces)[0]),
    }));
    if (round % 2 === 0) {
      for (const answer of askReference(requests)) expect(answer).toEqual(expect.any(Number));
    } else {
      for (const { path, n, step } of requests) appendBytesSync(path, ramp(n, step));
    }
    for (const [i, { n, step }] of pieces.entries()) {
      plains[i] = Buffer.concat([plains[i] as Uint8Array, ramp(n, step)]);
    }
  }
  const read = askReference(cases.map(({ path }) => ({ do: "unpack_bytes", path })));
  for (const [i, { path, options }] of cases.entries()) {
    const plain = plains[i] as Uint8Array;
    expect(read[i]).toMatchObject({ nbytes: plain.byteLength, sha256: sha256(plain) });
    const { bytes, metadata } = unpackBytes(readFileSync(path));
    expect(Buffer.compare(bytes, plain)).toBe(0);
    expect(metadata).toEqual("metadata" in options ? options.metadata : undefined);
  }
});

test.skipIf(!hasReference)("files that only we append to, because there is no room", () => {
  const path = join(folder, "grown.blp");
  for (const options of [{ offsets: false }, { maxAppChunks: 0 }, {}]) {
    for (const first of [0, 5, 2500]) {
      writeFileSync(path, packBytes(ramp(first, 3), { chunkSize: 400, ...options }));
      appendBytesSync(path, ramp(9000, 5));
      appendBytesSync(path, ramp(100, 7));
      const plain = Buffer.concat([ramp(first, 3), ramp(9000, 5), ramp(100, 7)]);
      const [read] = askReference([{ do: "unpack_bytes", path }]);
      expect(read).toMatchObject({ nbytes: plain.byteLength, sha256: sha256(plain) });
    }
  }
});

test.skipIf(!hasReference)("the rows of an array: the reference reads the new shape", () => {
  const rows = (n: number) => Float64Array.from({ length: n * 3 }, (_, i) => Math.sqrt(i));
  const path = join(folder, "rows.blp");
  packNdarrayToFileSync(path, { data: rows(5), shape: [5, 3] }, { chunkSize: 48 });
  for (const n of [1, 2, 1000]) appendNdarraySync(path, { data: rows(n), shape: [n, 3] });
  const whole = Float64Array.from([5, 1, 2, 1000].flatMap((n) => [...rows(n)]));
  const [read] = askReference([{ do: "unpack", path }]) as [Description];
  expect(read).toEqual({ dtype: "<f8", shape: [1008, 3], order: "C", sha256: sha256(whole) });
});
