/** One worker: asks for all tiles, and reports how many it had to compute. */
import { once } from "node:events";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Memory } from "bloscache";

const memory = new Memory(isMainThread ? (await once(process, "message"))[0] : workerData);

const TILE = 256;

/** Of the Mandelbrot set: how many steps each point takes to leave. */
const tile = memory.memoize(function tile(left, top, size) {
  const steps = new Uint16Array(TILE * TILE);
  for (let i = 0; i < steps.length; i++) {
    const [x0, y0] = [
      left + ((i % TILE) * size) / TILE,
      top + (Math.floor(i / TILE) * size) / TILE,
    ];
    let [x, y, n] = [0, 0, 0];
    while (x * x + y * y < 4 && n < 300) {
      [x, y] = [x * x - y * y + x0, 2 * x * y + y0];
      n++;
    }
    steps[i] = n;
  }
  return steps;
});

let calls = 0;
let total = 0;
for (let left = -2; left < 1; left++) {
  for (let top = -1.5; top < 1.5; top++) {
    const steps = tile(left, top, 1);
    total += steps.reduce((sum, n) => sum + n, 0);
    calls++;
  }
}
const report = { calls, total, computed: tile.stats().stores };
if (isMainThread) {
  process.send(report);
  process.disconnect();
} else {
  parentPort.postMessage(report);
}
