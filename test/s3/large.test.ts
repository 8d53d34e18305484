// More than memory has room for, up and down, in a process of its own that tells how much it took.
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { environmentOf, isInstalled } from "./servers.ts";
import { TestBucket } from "./test-bucket.ts";

const SIZE = 2 ** 31;

describe.skipIf(!isInstalled("ceph"))("2 GiB", () => {
  it("go up and down in less than 200 MiB of memory", async () => {
    const bucket = await TestBucket.on("ceph");
    const { bucket: name, key } = bucket.place();
    // A part of each MiB is noise, so that the object is of a dozen parts.
    const script = `
      import { randomFillSync } from "node:crypto";
      import { pack, unpack } from "bloscache/format";
      import { CompressedS3Sink, CompressedS3Source } from "bloscache/s3";
      const place = ${JSON.stringify({ bucket: name, key })};
      const piece = new Uint8Array(2 ** 20);
      async function* pieces() {
        for (let i = 0; i < ${SIZE} / piece.length; i++) {
          randomFillSync(piece, 0, 2 ** 15);
          piece.fill(i, 2 ** 15, 2 ** 16);
          yield piece;
        }
      }
      const iterator = pieces();
      let left = new Uint8Array();
      const source = {
        size: ${SIZE},
        async read(target) {
          if (left.length === 0) left = (await iterator.next()).value ?? left;
          const some = left.subarray(0, target.length);
          target.set(some);
          left = left.subarray(some.length);
          return some.length;
        },
      };
      const options = { bloscArgs: { cname: "lz4", clevel: 1, typesize: 1 } };
      const { cbytes } = await pack(source, new CompressedS3Sink(place), options);
      let nbytes = 0;
      let seen = 0;
      const sink = {
        append(pieces) {
          for (const piece of pieces) {
            for (let at = 2 ** 15; at < piece.length; at += 2 ** 20) {
              if (piece[at] === (nbytes + at - 2 ** 15) / 2 ** 20 % 256) seen++;
            }
            nbytes += piece.length;
          }
        },
      };
      const { nchunks } = await unpack(await CompressedS3Source.open(place), sink);
      const { maxRSS } = process.resourceUsage();
      console.log(JSON.stringify({ cbytes, nbytes, nchunks, seen, maxRSS }));`;
    const told = await inChild<Record<string, number>>(script, environmentOf(bucket.server));
    expect(told).toMatchObject({ nbytes: SIZE, nchunks: 2048, seen: 2048 });
    expect(told["cbytes"]).toBeGreaterThan(2 ** 26);
    expect(told["maxRSS"]).toBeLessThan(200 * 1024);
  });
});
