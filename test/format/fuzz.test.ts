// Mutated golden files: whatever is in them, they are read or refused by a BloscpackError, without
// a crash, a hang or memory that they do not justify. BLOSCACHE_FUZZ_SECONDS makes it longer.
import { readdirSync, readFileSync } from "node:fs";
import {
  BloscpackError,
  BytesSink,
  PiecesSource,
  unpack,
  unpackBytes,
  unpackNdarray,
} from "bloscache/format";
import { expect, it } from "vitest";

const seconds = Number(process.env["BLOSCACHE_FUZZ_SECONDS"] ?? 3);
const seed = Number(process.env["BLOSCACHE_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

/** xorshift32: a run can be repeated by its seed. */
function randomSource(start: number): (below: number) => number {
  let state = start | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const folder = new URL("../fixtures/golden/", import.meta.url);
const seeds = ["", "bad/", "edge/"].flatMap((part) =>
  readdirSync(new URL(part || ".", folder))
    .filter((name) => name.endsWith(".blp"))
    .map((name) => readFileSync(new URL(part + name, folder)))
    .filter(({ byteLength }) => byteLength < 8000),
);

const interesting = [
  0, 1, 2, 15, 16, 17, 127, 128, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffef,
];

function mutate(original: Uint8Array, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let n = 1 + random(4); n > 0 && bytes.length > 8; n--) {
    // Most of the structure is at the start.
    const at = random(random(2) === 0 ? Math.min(bytes.length, 200) : bytes.length);
    switch (random(6)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        bytes.writeUInt32LE(
          interesting[random(interesting.length)] as number,
          Math.min(at, bytes.length - 4),
        );
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4: {
        const other = seeds[random(seeds.length)] as Uint8Array;
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length))]);
        break;
      }
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(random(64), random(256)),
          bytes.subarray(at),
        ]);
    }
  }
  return bytes;
}

it(`reads or refuses what was mutated from seed ${seed}`, {
  timeout: (seconds + 60) * 1000,
}, async () => {
  const random = randomSource(seed);
  const end = Date.now() + seconds * 1000;
  let runs = 0;
  let read = 0;
  while (Date.now() < end) {
    const bytes = mutate(seeds[random(seeds.length)] as Uint8Array, random);
    const hex = () => `run ${runs}: ${bytes.toString("hex")}`;
    const outcomes: (Uint8Array | undefined)[] = [];
    for (const attempt of [
      () => unpackBytes(bytes).bytes,
      () => unpackNdarray(bytes) && undefined,
      async () => {
        const sink = new BytesSink();
        await unpack(new PiecesSource([bytes.subarray(0, 50), bytes.subarray(50)]), sink);
        return sink.bytes();
      },
    ]) {
      try {
        outcomes.push(await attempt());
      } catch (error) {
        if (!(error instanceof BloscpackError)) throw new Error(hex(), { cause: error });
        outcomes.push(undefined);
      }
    }
    // Both ways to read a file agree on its bytes.
    const [whole, , streamed] = outcomes;
    if (whole !== undefined && streamed !== undefined && Buffer.compare(whole, streamed) !== 0) {
      throw new Error(hex());
    }
    runs++;
    if (whole !== undefined) read++;
  }
  expect(runs).toBeGreaterThan(100);
  expect(read).toBeGreaterThan(0);
});
