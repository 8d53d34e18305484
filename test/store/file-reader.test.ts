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
