// Readers over files on disk.
import { closeSync, openSync as openFd, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { packNdarray } from "../../src/format/pack-ndarray.ts";
import type { ArrayReader, ArrayReaderSync } from "../../src/format/reader.ts";
import { packNdarrayToFileSync } from "../../src/store/array-file.ts";
import { open, openSync } from "../../src/store/file-reader.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
const data = Float64Array.from({ length: 2_000_000 }, (_, i) => Math.sin(i / 1000));
const path = join(folder, "array.blp");
packNdarrayToFileSync(path, data, { cname: "lz4" });

/** Descriptors that are open in this process; only Linux tells. */
const descriptors = () => readdirSync("/proc/self/fd").length;

describe.each([path, pathToFileURL(path)])("%s", (name) => {
  it("is read in parts, asynchronously and not", async () => {
    const reader = (await open(name)) as ArrayReader;
    const sync = openSync(name) as ArrayReaderSync;
    for (const [start, stop] of [
      [0, 1],
      [131_071, 131_073],
      [1_234_567, 1_700_000],
      [-5, undefined],
      [0, undefined],
    ] as const) {
      const expected = Buffer.from(data.slice(start, stop).buffer);
      for (const { data: found, shape } of [
        await reader.slice(start, stop),
        sync.slice(start, stop),
      ]) {
        expect(shape).toEqual([expected.byteLength / 8]);
        const bytes = new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
        expect(Buffer.compare(bytes, expected)).toBe(0);
      }
    }
    expect(await reader.verify()).toEqual(sync.verify());
    await reader.close();
    sync.close();
  });
});

it.runIf(process.platform === "linux")("leaves no descriptor open", async () => {
  const bad = join(folder, "bad.blp");
  writeFileSync(bad, "blpk but not for long, and no more than that");
  const before = descriptors();
  expect(() => openSync(bad)).toThrow(expect.objectContaining({ code: "UNSUPPORTED_VERSION" }));
  await expect(open(bad)).rejects.toThrow(expect.objectContaining({ code: "UNSUPPORTED_VERSION" }));
  await expect(open(path, { maxBytes: 1 })).rejects.toThrow(RangeError);
  const reader = await open(path);
  const sync = openSync(path);
  expect(descriptors()).toBe(before + 2);
  await reader.close();
  await reader.close();
  sync.close();
  sync.close();
  expect(descriptors()).toBe(before);
  closeSync(openFd(path, "r"));
});

it("says so when the file becomes shorter meanwhile", async () => {
  const shrinking = join(folder, "shrinking.blp");
  packNdarrayToFileSync(shrinking, data.subarray(0, 400_000));
  const sync = openSync(shrinking);
  const reader = await open(shrinking);
  truncateSync(shrinking, 5000);
  expect(() => sync.slice(390_000)).toThrow(expect.objectContaining({ code: "TRUNCATED" }));
  await expect(reader.slice(390_000)).rejects.toMatchObject({ code: "TRUNCATED" });
  expect((await reader.verify()).faults.length).toBeGreaterThan(0);
  sync.close();
  await reader.close();
});

it("passes the system's errors on", async () => {
  await expect(open(join(folder, "nothing"))).rejects.toMatchObject({ code: "ENOENT" });
  expect(() => openSync(join(folder, "nothing"))).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
  expect(() => openSync(7 as never)).toThrow(TypeError);
  await expect(open({ size: 3 } as never)).rejects.toThrow(TypeError);
  expect(() => openSync(Buffer.from(packNdarray(new Int8Array(3))))).not.toThrow();
});

describe("a source of the caller's", () => {
  const file = packNdarray(
    Float64Array.from({ length: 5000 }, (_, i) => Math.sqrt(i)),
    { chunkSize: 8000 },
  );
  const source = (read: (position: number, length: number) => Uint8Array) => ({
    size: file.byteLength,
    batchBytes: 10_000,
    read,
  });
  const honest = (position: number, length: number) => file.subarray(position, position + length);

  it("may use two buffers in turn", async () => {
    const buffers = [new Uint8Array(100_000), new Uint8Array(100_000)] as const;
    let turn = 0;
    let last = -1;
    const reader = (await open(
      source((position, length) => {
        if (position !== last) turn = 1 - turn;
        last = position;
        const bytes = honest(position, length);
        const buffer = (buffers[turn] as Uint8Array).fill(0xaa);
        buffer.set(bytes);
        return buffer.subarray(0, bytes.byteLength);
      }),
    )) as ArrayReader;
    expect(Array.from((await reader.slice()).data as Float64Array)).toEqual(
      Array.from({ length: 5000 }, (_, i) => Math.sqrt(i)),
    );
    expect((await reader.verify()).faults).toEqual([]);
  });

  it("is told when it gives less than it was asked for, or more", async () => {
    const short = source((position, length) => honest(position, Math.min(length, 50)));
    await expect(open(short)).rejects.toThrow(
      new RangeError(`The source of ${file.byteLength} bytes must give 64 at 0, and gave 50`),
    );
    let limit = Number.POSITIVE_INFINITY;
    const later = source((position, length) => honest(position, Math.min(length, limit)));
    const reader = (await open(later)) as ArrayReader;
    limit = 100;
    await expect(reader.chunk(0)).rejects.toThrow(/^The source of .* and gave 100$/);
    const tooMuch = source(() => file);
    await expect(open(tooMuch)).rejects.toThrow(/must give 64 at 0, and gave/);
    const nothing = source(() => "text" as unknown as Uint8Array);
    await expect(open(nothing)).rejects.toThrow(TypeError);
  });
});
