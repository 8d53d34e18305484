// Files cut at every byte and with every bit flipped: refused, or read to what they were.
import { BloscpackError, packNdarray, unpackNdarray } from "bloscache/format";
import { describe, expect, it } from "vitest";

const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i * 0.125);

const files = {
  "lz4, two chunks": packNdarray(ramp(300), { cname: "lz4", chunkSize: 1600, maxAppChunks: 2 }),
  "zstd, bitshuffle, sha256": packNdarray(ramp(64), {
    cname: "zstd",
    shuffle: "bitshuffle",
    checksum: "sha256",
    maxAppChunks: 0,
  }),
  "blosclz, no offsets, crc32": packNdarray(ramp(200), { offsets: false, checksum: "crc32" }),
  "a scalar": packNdarray({ data: ramp(1), shape: [] }, { metadataArgs: { metaCodec: "None" } }),
  "an empty array": packNdarray(new Int16Array()),
};

function attempt(bytes: Uint8Array): unknown {
  try {
    return unpackNdarray(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(BloscpackError);
    return undefined;
  }
}

describe.each(Object.entries(files))("%s", (_name, file) => {
  const whole = unpackNdarray(file);

  it("is refused when cut anywhere", () => {
    for (let length = 0; length < file.byteLength; length++) {
      expect(attempt(file.slice(0, length)), `cut to ${length} bytes`).toBeUndefined();
    }
  });

  it("gives the same array or none when a bit flips", () => {
    for (let bit = 0; bit < file.byteLength * 8; bit++) {
      const damaged = file.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const array = attempt(damaged);
      if (array !== undefined) expect(array, `bit ${bit}`).toEqual(whole);
    }
  });
});

it("reads a file that has bytes behind its last chunk, as the reference may leave them", () => {
  const file = Buffer.concat([files["lz4, two chunks"], Buffer.alloc(100, 0xab)]);
  expect(unpackNdarray(file)).toEqual(unpackNdarray(files["lz4, two chunks"]));
});

it("does not take memory for what a file cannot hold", () => {
  const file = packNdarray(new Uint8Array(1000), {
    checksum: "None",
    offsets: false,
    cname: "lz4",
  });
  const view = new DataView(file.buffer);
  const huge = 2 ** 31 - 17;
  view.setInt32(8, huge, true);
  view.setInt32(12, huge, true);
  const chunk = file.byteLength - unpackedChunkLength(file);
  view.setUint32(chunk + 4, huge, true);
  const before = process.memoryUsage().external;
  expect(() => unpackNdarray(file)).toThrow(
    expect.objectContaining({ code: "DECOMPRESS", chunk: 0 }),
  );
  expect(process.memoryUsage().external - before).toBeLessThan(2 ** 20);
});

it("does not inflate metadata that no string could hold", () => {
  const file = packNdarray(new Uint8Array(10));
  const view = new DataView(file.buffer);
  for (const metaSize of [2 ** 32 - 1, 2 ** 31, 2 ** 28 + 1]) {
    view.setUint32(44, metaSize, true);
    expect(() => unpackNdarray(file)).toThrow(
      expect.objectContaining({ code: "METADATA_SIZE", offset: 44 }),
    );
  }
});

/** Stored bytes of the only chunk of a file without offsets and checksum. */
function unpackedChunkLength(file: Uint8Array): number {
  for (let at = file.byteLength - 16; at > 32; at--) {
    const view = new DataView(file.buffer, at);
    if (view.getUint8(0) === 2 && view.getUint32(12, true) === file.byteLength - at) {
      return file.byteLength - at;
    }
  }
  throw new Error("no chunk found");
}
