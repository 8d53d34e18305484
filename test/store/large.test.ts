// What only shows beyond 2^31 and 2^32 bytes. The array takes 5 GB of memory, so it is tested in CI
// and where BLOSCACHE_LARGE=1 says so.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const hasMemory = process.env["CI"] === "true" || process.env["BLOSCACHE_LARGE"] === "1";
if (!hasMemory) console.error("NOT TESTED: an array of 2.2 GiB; BLOSCACHE_LARGE=1 tests it");

describe("4 GiB through pack and unpack", () => {
  it("come back, with less than 200 MiB of resident memory", async () => {
    const outcome = await inChild(
      `import fs from "node:fs";
       import { FileSink, FileSource, pack, PiecesSource, unpack } from "bloscache/format";
       const piece = new Uint32Array(1 << 18);
       function* pieces() {
         for (let i = 0; i < 4096; i++) yield new Uint8Array(piece.map((_, j) => i * j).buffer);
       }
       const path = process.env.FILE;
       const packed = await pack(new PiecesSource(pieces(), 2 ** 32), await FileSink.create(path), {
         bloscArgs: { typesize: 4, cname: "lz4", clevel: 1 },
       });
       let at = 0;
       let wrong = 0;
       const sink = {
         append(plain) {
           for (const part of plain) {
             // Pieces are whole numbers of chunks of 1 MiB; one number of each is looked at.
             const numbers = new Uint32Array(part.buffer, part.byteOffset, part.byteLength / 4);
             for (let j = 12_345; j < numbers.length; j += 1 << 18, at++) {
               if (numbers[j] !== (at * 12_345) >>> 0) wrong++;
             }
           }
         },
       };
       const { nbytes } = await unpack(await FileSource.open(path), sink);
       const peak = /VmHWM:\\s+(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1] / 1024;
       fs.rmSync(path);
       console.log(JSON.stringify({ nchunks: packed.nchunks, nbytes, at, wrong, small: peak < 200 }));`,
      { FILE: join(temporaryFolder(), "four.blp") },
    );
    expect(outcome).toEqual({ nchunks: 4096, nbytes: 2 ** 32, at: 4096, wrong: 0, small: true });
  }, 120_000);
});

describe("an array of 2.2 GiB", () => {
  it.runIf(hasMemory)(
    "comes back, and any part of it",
    async () => {
      const outcome = await inChild(
        `import { openSync, packNdarrayToFileSync, unpackNdarrayFromFileSync } from "bloscache/format";
       const path = process.env.FILE;
       const length = 300_000_000;
       const array = new Float64Array(length);
       for (let i = 0; i < length; i++) array[i] = i;
       packNdarrayToFileSync(path, array, { cname: "lz4", clevel: 1, chunkSize: "4M" });
       const { data } = unpackNdarrayFromFileSync(path);
       let wrong = 0;
       for (let i = 0; i < length; i += 997) if (data[i] !== i) wrong++;
       const reader = openSync(path);
       const part = reader.slice(length - 3, length).data;
       reader.close();
       console.log(JSON.stringify({ wrong, length: data.length, part: [...part] }));`,
        { FILE: join(temporaryFolder(), "large.blp") },
      );
      const length = 300_000_000;
      expect(outcome).toEqual({ wrong: 0, length, part: [length - 3, length - 2, length - 1] });
    },
    120_000,
  );
});
