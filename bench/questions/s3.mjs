import { createCipheriv } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { Memory } from "bloscache";
import { PlainS3Sink, s3Tier } from "bloscache/s3";
import { bytesOf, readDataset } from "../data/files.mjs";
import { startCeph } from "../peers/ceph.mjs";
import { expectSame } from "../peers/measuring.mjs";
import { atLeast, atMost } from "../report/targets.mjs";

export const title = "A bucket";
export const about =
  "Of a Ceph on this machine. Hits: a result that another machine has sent, from the call to the arrays, stored here on the way; a bare `GetObject` of the same stored bytes, and of the plain ones. Upload: 256 MiB that come in pieces of 1 MiB.";
export const unit = "ms";
export const inputs = ["hit arange", "hit noisy", "upload"];
export const data = (input) => (input === "upload" ? [] : [datasetOf(input)]);
export const warmups = 3;
export const iterations = 9;
export const setUp = startCeph;

const datasetOf = (input) => input.split(" ")[1];

const hits = {
  bloscache: remoteHit,
  "GetObject, stored": (input, folder) => getting(input, folder, "stored/results/"),
  "GetObject, plain": (input, folder) => getting(input, folder, "plain"),
};

const uploads = {
  bloscache: uploading(async (client, Bucket, Key) => {
    const sink = new PlainS3Sink({ client, bucket: Bucket, key: Key });
    for (const piece of pieces()) await sink.append([piece]);
    await sink.close();
  }),
  "lib-storage": uploading(async (client, Bucket, Key) => {
    const params = { Bucket, Key, Body: Readable.from(pieces()) };
    await new Upload({ client, params, queueSize: 4, partSize: 8 * 2 ** 20 }).done();
  }),
};

export const sides = (input) => (input === "upload" ? uploads : hits);

/** With settings that Ceph takes and as ours has them by default, the same on all sides. */
const newClient = () =>
  new S3Client({
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
  });

/** The bucket of an input, in which the first trial has put the data in both forms. */
async function bucketOf(input, folder) {
  const client = newClient();
  const Bucket = `bench-${basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "-")}`;
  const mark = join(folder, "stored");
  if (!existsSync(mark)) {
    await client.send(new CreateBucketCommand({ Bucket }));
    if (input !== "upload") await store(client, Bucket, readDataset(datasetOf(input)), folder);
    writeFileSync(mark, "");
  }
  return { client, Bucket };
}

async function store(client, Bucket, value, folder) {
  const { memory, keep } = openShared(client, Bucket, join(folder, "first"), async () => value);
  await keep(1);
  await memory[Symbol.asyncDispose]();
  await client.send(new PutObjectCommand({ Bucket, Key: "plain", Body: bytesOf(value) }));
}

function openShared(client, bucket, location, compute) {
  const memory = new Memory({ location, shared: s3Tier({ bucket, prefix: "stored", client }) });
  const keep = memory.memoize(async (key) => compute(key), { id: "keep", code: "ignore" });
  return { memory, keep };
}

async function remoteHit(input, folder) {
  const { client, Bucket } = await bucketOf(input, folder);
  const { memory, keep } = openShared(client, Bucket, join(folder, `${process.pid}`), () => {
    throw new Error("This was to be a hit");
  });
  return {
    run: () => keep(1),
    after: () => memory.clear(), // of what is here; the bucket keeps its own
    async check() {
      expectSame(await keep(1), readDataset(datasetOf(input)));
      memory.clear();
    },
  };
}

async function getting(input, folder, Prefix) {
  const { client, Bucket } = await bucketOf(input, folder);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const get = async ({ Key }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return Body.transformToByteArray();
  };
  return { run: () => Promise.all(Contents.map(get)) };
}

function uploading(upload) {
  return async (input, folder) => {
    const { client, Bucket } = await bucketOf(input, folder);
    const Key = `upload-${process.pid}`;
    return {
      run: () => upload(client, Bucket, Key),
      after: () => client.send(new DeleteObjectCommand({ Bucket, Key })),
    };
  };
}

function* pieces() {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  const piece = cipher.update(Buffer.alloc(2 ** 20));
  for (let i = 0; i < 256; i++) yield piece;
}

export const targets = [
  ...atMost(["hit arange"], { "GetObject, stored": 1.3 }),
  ...atLeast(["hit arange"], { "GetObject, plain": 3 }),
  ...atLeast(["upload"], { "lib-storage": 0.8 }),
];
