/** How many threads work: counted by the processor time of each, which Linux keeps. */
import { expect, test } from "vitest";
import { inChild } from "../support/child.ts";

const POOL = "4";

/** Threads of the pool, beside the caller's, that have worked on packing with these options. */
function helpersOf(options: { readonly nthreads?: number }): Promise<number> {
  return inChild<number>(
    `
    import { readdirSync, readFileSync } from "node:fs";
    const threads = () => readdirSync("/proc/self/task");
    const busy = (id) => Number(readFileSync("/proc/self/task/" + id + "/schedstat", "utf8").split(" ")[0]);
    const before = new Set(threads());
    const { packBytes } = await import("bloscache/format");
    const helpers = threads().filter((id) => !before.has(id));
    // They have to be asleep before what they do is counted.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const asleep = helpers.map(busy);
    const bytes = Uint8Array.from({ length: 2 ** 23 }, (_, i) => (i * i) >> 7);
    packBytes(bytes, ${JSON.stringify({ cname: "zstd", clevel: 6, chunkSize: "128K", ...options })});
    console.log(helpers.filter((id, i) => busy(id) > asleep[i]).length);
    `,
    { BLOSCACHE_NTHREADS: POOL },
  );
}

test.runIf(process.platform === "linux").each([
  [1, 0],
  [2, 1],
  [256, 3],
])("nthreads %i of a pool of 4: the caller and %i more", async (nthreads, helpers) => {
  expect(await helpersOf({ nthreads })).toBe(helpers);
});

test.runIf(process.platform === "linux")("without the option all of the pool", async () => {
  expect(await helpersOf({})).toBe(3);
});
