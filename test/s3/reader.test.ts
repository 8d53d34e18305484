// Objects that are read in parts: which requests that takes.
import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import { BytesSource, pack, packBytes, packNdarray } from "../../src/format.ts";
import { CompressedS3Sink, open } from "../../src/s3.ts";
import { clientOptions, isInstalled } from "./servers.ts";
import { noise, type RangeRequest, TestBucket, watchRanges } from "./test-bucket.ts";

const MIB = 2 ** 20;
const HEAD = { start: 0, end: 128 * 1024 };

describe.each(["ceph", "swift"] as const)("%s", (name) => {
  describe.skipIf(!isInstalled(name))("an object that is read in parts", () => {
    let bucket: TestBucket;
    beforeAll(async () => {
      bucket = await TestBucket.on(name);
    });

    /** A place with a client of its own, and what that asks for. */
    function watched(key: string): {
      place: ReturnType<TestBucket["place"]>;
      ranges: RangeRequest[];
    } {
      const client = new S3Client(clientOptions(bucket.server));
      return { place: { ...bucket.place(key), client }, ranges: watchRanges(client) };
    }

    it("takes one request for its head, and one for the chunks of a slice", async () => {
      const bytes = noise(20 * MIB);
      const file = packBytes(bytes);
      const { key } = bucket.place();
      await bucket.upload(key, file);
      const { place, ranges } = watched(key);
      const reader = await open(place);
      expect(ranges).toEqual([HEAD]);
      expect(reader.nchunks).toBe(20);

      // Three chunks, of which one is wanted whole.
      const part = (await reader.slice(5.5 * MIB, 7.5 * MIB)) as Uint8Array;
      expect(Buffer.compare(part, bytes.subarray(5.5 * MIB, 7.5 * MIB))).toBe(0);
      const asked = ranges.splice(1);
      expect(asked).toHaveLength(1);
      expect(asked.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThan(3.01 * MIB);

      // Whole ones that stand side by side.
      const whole = (await reader.slice(2 * MIB, 8 * MIB)) as Uint8Array;
      expect(Buffer.compare(whole, bytes.subarray(2 * MIB, 8 * MIB))).toBe(0);
      expect(ranges.splice(1)).toHaveLength(1);
      expect(Buffer.compare(await reader.chunk(19), bytes.subarray(19 * MIB))).toBe(0);
      expect(ranges).toHaveLength(2);
      expect(ranges[1]?.end).toBe(file.byteLength);
      await reader.close();
    });

    it("of arrays: rows, by slices and by indices", async () => {
      const data = Float64Array.from({ length: 400_000 }, (_, i) => Math.sin(i));
      const { key } = bucket.place();
      await bucket.upload(key, packNdarray({ data, shape: [4000, 100] }));
      const { place, ranges } = watched(key);
      const reader = await open(place, { as: "array" });
      const rows = await reader.slice(3990, 4000);
      expect(rows.shape).toEqual([10, 100]);
      expect(rows.data).toEqual(data.subarray(399_000));
      expect((await reader.take([-1, 0])).data).toEqual(
        Float64Array.from([...data.subarray(399_900), ...data.subarray(0, 100)]),
      );
      expect(ranges.length).toBeLessThanOrEqual(4);
      expect(await reader.verify()).toMatchObject({ faults: [], nchunks: 4 });
      await reader.close();
    });

    it("that was replaced is an error from then on", async () => {
      const { key } = bucket.place();
      await bucket.upload(key, packBytes(noise(3 * MIB)));
      const reader = await open(bucket.place(key));
      await reader.chunk(1);
      await bucket.upload(key, packBytes(noise(3 * MIB + 1)));
      await expect(reader.chunk(2)).rejects.toThrow(/s3:\/\/.*was replaced or removed/);
    });

    it("that is damaged is an error", async () => {
      const file = packBytes(noise(3 * MIB));
      file.subarray(-100, -90).fill(77);
      const { key } = bucket.place();
      await bucket.upload(key, file);
      const reader = await open(bucket.place(key));
      expect((await reader.chunk(1)).byteLength).toBe(MIB);
      await expect(reader.chunk(2)).rejects.toMatchObject({ code: "CHUNK_CHECKSUM", chunk: 2 });
    });

    it("without offsets: by the headers of its chunks", async () => {
      const bytes = noise(4 * MIB);
      const place = bucket.place();
      const options = { bloscpackArgs: { offsets: false } };
      await pack(new BytesSource(bytes), new CompressedS3Sink(place), options);
      const reader = await open(place);
      expect(Buffer.compare(await reader.chunk(3), bytes.subarray(3 * MIB))).toBe(0);
    });

    it("that is no Bloscpack file, or not there", async () => {
      const { key } = bucket.place();
      await bucket.upload(key, new Uint8Array());
      await expect(open(bucket.place(key))).rejects.toMatchObject({ code: "TRUNCATED" });
      await expect(open(bucket.place())).rejects.toMatchObject({ code: "STORE_FAILED" });
    });
  });
});
