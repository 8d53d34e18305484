import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ArrayInput,
  BloscpackError,
  packNdarray,
  packNdarrayToFile,
  packNdarrayToFileSync,
  type TypedArray,
  unpackNdarrayFromFile,
  unpackNdarrayFromFileSync,
} from "bloscache/format";
import { describe, expect, it } from "vitest";
import { smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary.ts";

// 3 batches, the last one short.
const large = Float64Array.from({ length: 2_500_000 }, (_, i) => Math.sqrt(i));

/** Far faster on millions of elements than a comparison one by one. */
const sameBytes = (a: TypedArray, b: TypedArray) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );

const both = [
  [
    "synchronously",
    async (path: string, array: ArrayInput, options = {}) =>
      packNdarrayToFileSync(path, array, options),
    async (path: string) => unpackNdarrayFromFileSync(path),
  ],
  ["asynchronously", packNdarrayToFile, unpackNdarrayFromFile],
] as const;

describe.each(both)("%s", (_name, pack, unpack) => {
  it.each([
    ["large", { data: large, shape: [1000, 2500], order: "F" }, {}],
    ["in 20,000 chunks", large.subarray(0, 100_000), { chunkSize: 40 }],
    ["with one chunk", large, { chunkSize: "20M" }],
    ["empty", new Int32Array(), {}],
    ["a scalar", { data: Uint8Array.of(7), shape: [] }, { offsets: false }],
  ] as const)("an array that is %s comes back", async (_case, array, options) => {
    const path = join(temporaryFolder(), "a.blp");
    await pack(path, array as ArrayInput, options);
    const read = await unpack(path);
    expect(sameBytes(read.data, "data" in array ? array.data : (array as TypedArray))).toBe(true);
    if ("shape" in array) expect(read.shape).toEqual(array.shape);
    expect(sameBytes(readFileSync(path), packNdarray(array as ArrayInput, options))).toBe(true);
  });

  it("a file is replaced whole, and a failed write leaves the old one and no litter", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.blp");
    await pack(path, Float64Array.of(1));
    await pack(path, Float64Array.of(2));
    await expect(pack(path, Float64Array.of(3), { cname: "none" })).rejects.toThrow(RangeError);
    await expect(pack(path, [3] as never)).rejects.toThrow(TypeError);
    expect((await unpack(path)).data).toEqual(Float64Array.of(2));
    expect(readdirSync(folder)).toEqual(["a.blp"]);
  });

  it("errors of the system are passed on", async () => {
    const folder = temporaryFolder();
    await expect(unpack(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(pack(join(folder, "none", "a.blp"), large)).rejects.toMatchObject({
      code: "ENOENT",
    });
    mkdirSync(join(folder, "taken"));
    await expect(pack(join(folder, "taken"), large)).rejects.toMatchObject({ syscall: "rename" });
    expect(readdirSync(folder)).toEqual(["taken"]);
    writeFileSync(join(folder, "text"), "not a Bloscpack file, whatever its name says");
    await expect(unpack(join(folder, "text"))).rejects.toThrow(BloscpackError);
  });

  it("a link to a file is read through", async () => {
    const folder = temporaryFolder();
    await pack(join(folder, "a.blp"), Int8Array.of(1));
    symlinkSync("a.blp", join(folder, "link.blp"));
    expect((await unpack(join(folder, "link.blp"))).data).toEqual(Int8Array.of(1));
  });
});

describe("an array whose memory goes away while it is packed", () => {
  it("is refused, and nothing is left", async () => {
    const folder = temporaryFolder();
    const array = large.slice();
    const packing = packNdarrayToFile(join(folder, "a.blp"), array, { chunkSize: 80 });
    structuredClone(array.buffer, { transfer: [array.buffer] });
    await expect(packing).rejects.toThrow(TypeError);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a full disk", () => {
  const disk = smallDisk(6);

  it.runIf(disk)("fails a write with the system's error and leaves nothing", async () => {
    const folder = disk as string;
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const array = new Uint8Array(8_000_000).map(
      (_, i) => (noise[i % 65_536] as number) ^ (i >> 16),
    );
    for (const [, pack] of both) {
      const packing = pack(join(folder, "a.blp"), array, { clevel: 0 });
      await expect(packing).rejects.toMatchObject({ code: "ENOSPC" });
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});
