// Objects as sources and sinks: what is written, and what is left behind when something goes wrong.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BytesSink,
  BytesSource,
  FileSink,
  PiecesSource,
  type PlainSource,
  pack,
  type StoreError,
  unpack,
} from "../../src/format.ts";
import { CompressedS3Sink, CompressedS3Source, PlainS3Sink, PlainS3Source } from "../../src/s3.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { clientOptions, isInstalled } from "./servers.ts";
import { noise, TestBucket, watchRanges } from "./test-bucket.ts";

const PART = 5 * 2 ** 20;

const NOISE = noise(3 * PART + 100);

/** All of a source, by reads of `length` bytes. */
async function readAll(source: PlainSource, length = 1_000_003): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const target = new Uint8Array(length);
    const n = await source.read(target);
    if (n === 0) break;
    pieces.push(target.subarray(0, n));
  }
  await source.close?.();
  return Buffer.concat(pieces);
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

describe.each(["ceph", "swift"] as const)("%s", (name) => {
  describe.skipIf(!isInstalled(name))("an object", () => {
    let store: TestBucket;
    beforeAll(async () => {
      store = await TestBucket.on(name);
    });

    it.each([0, 1, PART - 1, PART, PART + 1, 3 * PART + 100])(
      "of %i bytes is written and read",
      async (size) => {
        const place = store.place();
        const bytes = NOISE.subarray(0, size);
        const sink = new PlainS3Sink({ ...place, partSize: PART });
        const pieces = [bytes.slice(0, 10), bytes.slice(10, 2 * PART), bytes.slice(2 * PART)];
        for (const piece of pieces) {
          await sink.append([piece]);
          piece.fill(0); // it is the caller's again
        }
        await sink.close();
        expect(Buffer.compare(await store.download(place.key), bytes)).toBe(0);
        const source = await PlainS3Source.open({ ...place, partSize: 2 ** 20 });
        expect(source.size).toBe(size);
        expect(Buffer.compare(await readAll(source), bytes)).toBe(0);
        const starts = Array.from({ length: Math.ceil(size / PART) }, (_, i) => i * PART);
        const parts = starts.map((start) => md5(bytes.subarray(start, start + PART)));
        const digest = size <= PART ? md5(bytes) : md5(Buffer.concat(parts));
        const suffix = size <= PART ? "" : `-${parts.length}`;
        expect(await store.etag(place.key)).toBe(`"${digest.toString("hex")}${suffix}"`);
      },
    );

    it.each([0, 1, PART, 3 * PART + 100])("of %i packed bytes is the file", async (size) => {
      const bytes = NOISE.subarray(0, size);
      const path = join(temporaryFolder(), "file.blp");
      const options = { chunkSize: 300_000, metadata: { of: "noise" } };
      await pack(new BytesSource(bytes), await FileSink.create(path), options);
      const place = store.place();
      const sink = new CompressedS3Sink({ ...place, partSize: PART });
      await pack(new BytesSource(bytes), sink, options);
      expect(Buffer.compare(await store.download(place.key), readFileSync(path))).toBe(0);
      const plain = new BytesSink();
      const { metadata } = await unpack(await CompressedS3Source.open(place), plain);
      expect(metadata).toEqual({ of: "noise" });
      expect(Buffer.compare(plain.bytes(), bytes)).toBe(0);
    });

    it("is gone back in as far as its head goes, be that several parts", async () => {
      const place = store.place();
      const sink = new CompressedS3Sink({ ...place, partSize: PART });
      const [head, rest] = [NOISE.subarray(0, 2 * PART + 7), NOISE.subarray(2 * PART + 7)];
      await sink.append([new Uint8Array(head.byteLength)]);
      await sink.append([rest, NOISE]);
      // The fourth part is on its way.
      const behind = sink.overwrite(3 * PART - 1, new Uint8Array(2));
      await expect(behind).rejects.toThrow(/Bytes 15728639 to 15728641 of s3:.* are held back/);
      await sink.overwrite(0, head);
      await sink.close();
      const whole = Buffer.concat([NOISE, NOISE]);
      expect(Buffer.compare(await store.download(place.key), whole)).toBe(0);
    });

    it("is written of a source that does not say its size", async () => {
      const place = store.place();
      const sink = new CompressedS3Sink({ ...place, partSize: PART });
      await pack(new PiecesSource([NOISE]), sink, { chunkSize: 300_000 });
      const plain = new BytesSink();
      const source = await CompressedS3Source.open(place);
      const { nchunks } = await unpack(source, plain);
      expect(nchunks).toBe(Math.ceil(NOISE.byteLength / 300_000));
      expect(Buffer.compare(plain.bytes(), NOISE)).toBe(0);
      // Filled in at the end: -1 is what one that cannot be gone back in has.
      const header = await store.download(place.key);
      expect(Buffer.from(header.subarray(16, 24)).readBigInt64LE()).toBe(BigInt(nchunks));
    });

    it("is neither there nor begun when its source fails", async () => {
      async function* failing(bytes: Uint8Array) {
        for (let i = 0; i < 4; i++) yield bytes;
        throw new Error("no more");
      }
      // Before and after an upload in parts is begun.
      for (const bytes of [NOISE.subarray(0, 100), NOISE]) {
        const place = store.place();
        const sink = new CompressedS3Sink({ ...place, partSize: PART, concurrency: 2 });
        await expect(pack(new PiecesSource(failing(bytes)), sink)).rejects.toThrow("no more");
        await store.expectNothing(place.key);
      }
    });

    it("is neither there nor begun after a signal", async () => {
      const place = store.place();
      const controller = new AbortController();
      const sink = new CompressedS3Sink({ ...place, partSize: PART });
      let nbytes = 0;
      const endless = {
        read(target: Uint8Array) {
          nbytes += target.byteLength;
          if (nbytes > 6 * PART) controller.abort(new Error("enough"));
          target.set(NOISE.subarray(0, target.byteLength));
          return target.byteLength;
        },
      };
      const options = { signal: controller.signal, bloscArgs: { clevel: 0 } };
      await expect(pack(endless, sink, options)).rejects.toThrow("enough");
      await store.expectNothing(place.key);
    });

    it("that is replaced while it is read is an error", async () => {
      const place = store.place();
      await store.upload(place.key, NOISE);
      const source = await PlainS3Source.open({ ...place, partSize: 2 ** 16, concurrency: 1 });
      await store.upload(place.key, NOISE.toReversed());
      const reading = readAll(source).then(({ byteLength }) => byteLength);
      await expect(reading).rejects.toThrow(`"s3://${store.name}/${place.key}": it was replaced`);
      await expect(reading).rejects.toMatchObject({ code: "STORE_FAILED" });
    });

    it("that is no whole Bloscpack file is an error", async () => {
      const whole = new BytesSink();
      await pack(new BytesSource(NOISE), whole);
      const place = store.place();
      await store.upload(place.key, whole.bytes().subarray(0, 7_000_000));
      const reading = unpack(await CompressedS3Source.open(place), new BytesSink());
      await expect(reading).rejects.toMatchObject({ code: "BAD_OFFSET" });
    });

    it("that is not there is an error with its name, and without credentials", async () => {
      const place = store.place("no such/key");
      const error = (await PlainS3Source.open(place).catch((e) => e)) as StoreError;
      expect(error.message).toContain(`Cannot read "s3://${store.name}/no such/key": NoSuchKey`);
      const { accessKeyId } = store.server;
      const client = { ...clientOptions(store.server) };
      const own = { credentials: { accessKeyId, secretAccessKey: "wrong-secret" } };
      const refused = { ...place, client: { ...client, ...own } };
      const sink = new PlainS3Sink(refused);
      const denied = (await sink.close().catch((e) => e)) as StoreError;
      expect(denied.message).toContain(`Cannot write "s3://${store.name}/no such/key"`);
      expect(JSON.stringify({ ...denied, cause: denied.cause })).not.toContain("wrong-secret");
    });
  });
});

describe.skipIf(!isInstalled("ceph"))("over a network with faults", () => {
  let store: TestBucket;
  beforeAll(async () => {
    store = await TestBucket.on("ceph");
  });

  async function behind(
    network: FaultyNetwork,
    use: (place: ReturnType<TestBucket["place"]>) => Promise<void>,
  ): Promise<void> {
    const options = clientOptions(store.server, { endpoint: network.endpoint });
    try {
      await use({ ...store.place(), client: new S3Client(options) });
    } finally {
      await network.close();
    }
  }

  it("a body that breaks off is continued where it ended", async () => {
    const network = await FaultyNetwork.before(store.server.endpoint);
    await behind(network, async (place) => {
      await store.upload(place.key, NOISE);
      network.resetAfterBytes = 2 ** 20;
      const ranges = watchRanges(place.client);
      const source = await PlainS3Source.open({ ...place, partSize: PART });
      expect(Buffer.compare(await readAll(source), NOISE)).toBe(0);
      const starts = ranges.map(({ start }) => start);
      const begun = starts.filter((start) => start % PART === 0);
      // Some bodies break off before the first byte has come: a reset overtakes what was sent before.
      expect(new Set(begun)).toEqual(new Set([0, PART, 2 * PART, 3 * PART]));
      expect(starts.length - begun.length).toBeGreaterThanOrEqual(12);
    });
  });

  it("a body that never goes on is an error", async () => {
    const network = await FaultyNetwork.before(store.server.endpoint);
    await behind(network, async (place) => {
      await store.upload(place.key, NOISE);
      const source = await PlainS3Source.open({ ...place, partSize: 2 ** 16 });
      network.resetAfterBytes = 1;
      await expect(readAll(source).then(() => "all")).rejects.toMatchObject({
        code: "STORE_FAILED",
      });
      await source.close();
    });
  });

  it("a third of all answers lost, and a third refused: all is there all the same", async () => {
    const network = await FaultyNetwork.before(store.server.endpoint, 7);
    network.loseResponses = 0.3;
    network.answer503 = 0.3;
    await behind(network, async (place) => {
      const client = new S3Client(
        clientOptions(store.server, { endpoint: network.endpoint, maxAttempts: 12 }),
      );
      const sink = new PlainS3Sink({ ...place, client, partSize: PART });
      await sink.append([NOISE]);
      await sink.close();
      expect(Buffer.compare(await store.download(place.key), NOISE)).toBe(0);
    });
  });

  it("an upload that was completed, though the answer was lost, is complete", async () => {
    const network = await FaultyNetwork.before(store.server.endpoint);
    await behind(network, async (place) => {
      const client = new S3Client(
        clientOptions(store.server, { endpoint: network.endpoint, maxAttempts: 1 }),
      );
      client.middlewareStack.add(
        (next) => async (args) => {
          network.loseResponses = isCompletion(args.input) ? 1 : 0;
          return next(args);
        },
        { step: "build" },
      );
      const sink = new PlainS3Sink({ ...place, client, partSize: PART });
      await sink.append([NOISE]);
      await sink.close();
      expect(Buffer.compare(await store.download(place.key), NOISE)).toBe(0);
    });
  });

  it("a store that is gone leaves no object; back again, no upload", async () => {
    const network = await FaultyNetwork.before(store.server.endpoint);
    await behind(network, async (place) => {
      const sink = new PlainS3Sink({ ...place, partSize: PART });
      await sink.append([NOISE]);
      network.isDown = true;
      await expect(sink.close()).rejects.toMatchObject({ code: "STORE_FAILED" });
      network.isDown = false;
      await sink.abort(new Error("given up"));
      await store.expectNothing(place.key);
    });
  });
});

function isCompletion(input: object): boolean {
  return "MultipartUpload" in input;
}

describe("options", () => {
  const place = { bucket: "b", key: "k", client: { region: "us-east-1" } };

  it("are checked by name", async () => {
    expect(() => new PlainS3Sink({ ...place, partSize: 1000 })).toThrow(/partSize.*5242880.*1000/);
    expect(() => new PlainS3Sink({ ...place, concurrency: 0 })).toThrow(/concurrency/);
    expect(() => new CompressedS3Sink({ ...place, bucket: "" })).toThrow(/Option bucket/);
    const misspelt = { ...place, partsize: PART };
    expect(() => new CompressedS3Sink(misspelt)).toThrow(/"partsize" of CompressedS3Sink/);
    await expect(PlainS3Source.open({ ...place, key: "" })).rejects.toThrow(/Option key/);
    await expect(CompressedS3Source.open({ ...place, partSize: 1 })).rejects.toThrow(/partSize/);
    const no = { ...place, client: 7 as never };
    expect(() => new PlainS3Sink(no)).toThrow(/Option client/);
  });

  it("beyond what is held back nothing is replaced", async () => {
    const sink = new CompressedS3Sink({ ...place, partSize: PART });
    await sink.append([new Uint8Array(100)]);
    const overwriting = sink.overwrite(90, new Uint8Array(11));
    await expect(overwriting).rejects.toThrow(/Bytes 90 to 101 of s3:\/\/b\/k cannot be replaced/);
  });
});
