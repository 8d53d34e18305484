// The Python reference and objects: what we put there it reads, what it wrote we read there.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BytesSink, BytesSource, pack, unpack } from "../../src/format.ts";
import { CompressedS3Sink, CompressedS3Source, open } from "../../src/s3.ts";
import { askReference, hasReference, ramp } from "../python/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { isInstalled } from "./servers.ts";
import { TestBucket } from "./test-bucket.ts";

const N = 9_000_000;
const STEP = 7;

describe.skipIf(!isInstalled("ceph") || !hasReference)("an object", () => {
  it("is read by Python's bloscpack as it is downloaded", async () => {
    const bucket = await TestBucket.on("ceph");
    const place = bucket.place();
    const bytes = ramp(N, STEP);
    // Stored, it takes several parts.
    const options = { metadata: { by: "pack" }, bloscArgs: { clevel: 0 } };
    await pack(new BytesSource(bytes), new CompressedS3Sink(place), options);
    const path = join(temporaryFolder(), "downloaded.blp");
    writeFileSync(path, await bucket.download(place.key));
    const [told] = askReference([{ do: "unpack_bytes", path }]);
    expect(told).toMatchObject({
      nbytes: N,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      metadata: { by: "pack" },
    });
  });

  it("that Python wrote is read, whole and in part", async () => {
    const path = join(temporaryFolder(), "python.blp");
    const args = { blosc_args: {}, bloscpack_args: {}, metadata_args: {} };
    const request = { path, n: N, step: STEP, metadata: { by: "Python" }, chunk_size: "1M" };
    askReference([{ do: "pack_bytes", ...args, ...request }]);
    const bucket = await TestBucket.on("ceph");
    const place = bucket.place();
    await bucket.upload(place.key, readFileSync(path));
    const sink = new BytesSink();
    const { metadata } = await unpack(await CompressedS3Source.open(place), sink);
    expect(metadata).toEqual({ by: "Python" });
    expect(Buffer.compare(sink.bytes(), ramp(N, STEP))).toBe(0);
    const reader = await open(place);
    expect(await reader.slice(-10)).toEqual(ramp(N, STEP).subarray(-10));
    await reader.close();
  });
});
