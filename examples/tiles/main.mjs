/**
 * Map tiles in a cache that is kept under a size: tiles that are cheap to draw again go, what took
 * long stays, and what is pinned stays in any case.
 *
 *   node examples/tiles/main.mjs
 */
import { setImmediate } from "node:timers/promises";
import { Memory } from "bloscache";

const LIMIT = 2_000_000;

let evicted = 0;
const memory = new Memory({
  location: new URL(".cache", import.meta.url),
  limitBytes: LIMIT,
  onEvent: ({ type }) => {
    if (type === "evict") evicted++;
  },
});
memory.clear();

/** Heights of 128 x 128 points, with as much detail as there are waves. */
function heights(x, y, waves) {
  const tile = new Float32Array(128 * 128);
  for (let i = 0; i < tile.length; i++) {
    const [u, v] = [x + (i % 128) / 128, y + Math.floor(i / 128) / 128];
    for (let wave = 1; wave <= waves; wave++) {
      tile[i] += Math.sin(u * wave * 12.9 + wave) * Math.cos(v * wave * 78.2) * (43_758 % wave);
    }
  }
  return tile;
}

const options = { dependsOn: [heights] };
const tile = memory.memoize((x, y) => heights(x, y, 4), { id: "tile", ...options });
const overview = memory.memoize(() => heights(0, 0, 2000), { id: "overview", ...options });
const legend = memory.memoize(() => heights(9, 9, 1), { id: "legend", pin: true, ...options });

overview();
legend();
let most = 0;
for (let n = 0; n < 200; n++) {
  tile(n % 20, Math.floor(n / 20));
  // A server would answer others here; the cache removes results meanwhile.
  await setImmediate();
  most = Math.max(most, memory.size().bytes);
}
while (memory.size().bytes > LIMIT) await setImmediate();

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
console.log(`${megabytes(memory.size().bytes)} MB of results, at most ${megabytes(most)}`);
console.log(
  `the overview is kept: ${overview.has()}; the legend, which is pinned, too: ${legend.has()}`,
);
const { removed, remaining } = await memory.reduceSize({ limitItems: 10 });
console.log(`reduced to ${remaining.items} results, by ${removed.items}`);
if (evicted !== memory.stats().evictions) throw new Error("every eviction is an event");
