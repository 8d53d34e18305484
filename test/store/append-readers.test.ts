// Processes that read a file while others append to it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  open,
  openSync,
  packNdarray,
  readMetadata,
  readMetadataSync,
  unpackBytesFromFile,
  unpackBytesFromFileSync,
  unpackFile,
  unpackNdarrayFromFileSync,
} from "../../src/format.ts";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const appender = `
  import { appendNdarraySync } from "bloscache/format";
  const rows = { data: new Float64Array(8 * 16), shape: [16, 8] };
  let done = 0;
  while (done < 150) {
    try { appendNdarraySync(process.env.FILE, rows); done++; }
    catch (error) { if (error.cause?.code !== "ELOCKED") throw error; }
  }
  console.log(done);`;

describe("while four processes append", () => {
  it("whoever opens the file finds it whole", { timeout: 120_000 }, async () => {
    const path = join(temporaryFolder(), "file.blp");
    const start = { data: new Float64Array(800), shape: [100, 8] };
    writeFileSync(path, packNdarray(start, { chunkSize: 512, maxAppChunks: 1000 }));
    const plain = `${path}.plain`;
    let rows = 0;
    /** Rows never become fewer. */
    const saw = (n: number | undefined) => {
      expect(n).toBeGreaterThanOrEqual(rows);
      rows = n as number;
    };
    const readers = [
      async () => {
        const reader = await open(path);
        saw(reader.shape?.[0]);
        await reader.close();
      },
      () => {
        const reader = openSync(path);
        saw(reader.shape?.[0]);
        reader.close();
      },
      async () => saw(((await readMetadata(path)) as { shape: number[] }).shape[0]),
      () => saw((readMetadataSync(path) as { shape: number[] }).shape[0]),
      async () => saw((await unpackBytesFromFile(path)).bytes.byteLength / 64),
      () => saw(unpackBytesFromFileSync(path).bytes.byteLength / 64),
      () => saw(unpackNdarrayFromFileSync(path).shape[0]),
      async () => {
        await unpackFile(path, plain);
        saw(readFileSync(plain).byteLength / 64);
      },
    ];
    let running = true;
    const appenders = Array.from({ length: 4 }, () => inChild(appender, { FILE: path }));
    const ended = Promise.all(appenders).finally(() => {
      running = false;
    });
    // When reading fails first, their failures are of no interest.
    ended.catch(() => undefined);
    let reads = 0;
    for (; running; reads++) {
      await readers[reads % readers.length]?.();
      // Others have their turn, such as the ends of the processes.
      await new Promise(setImmediate);
    }
    await ended;
    expect(reads).toBeGreaterThan(50);
    saw(unpackNdarrayFromFileSync(path).shape[0]);
    expect(rows).toBe(100 + 4 * 150 * 16);
  });
});
