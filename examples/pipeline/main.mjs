/**
 * Steps that hand large arrays on without loading them: a handle stands for a stored result, counts
 * by its key when it is an argument, and is read in part.
 *
 *   node examples/pipeline/main.mjs
 */
import { Memory } from "bloscache";

const memory = new Memory(new URL(".cache", import.meta.url));

const record = memory.memoize(function record(seconds) {
  return Float32Array.from(
    { length: seconds * 44_100 },
    (_, i) => Math.sin(i / 20) * Math.sin(i / 9e3),
  );
});

const loudness = memory.memoize(function loudness(handle, seconds) {
  const levels = new Float64Array(seconds);
  for (let s = 0; s < seconds; s++) {
    // One second is read, not all of them.
    const second = handle.slice(s * 44_100, (s + 1) * 44_100);
    levels[s] = Math.sqrt(second.reduce((sum, x) => sum + x * x, 0) / second.length);
  }
  return levels;
});

memory.clear();
const seconds = 60;
const recording = record.shelve(seconds);
const [first, again] = [loudness(recording, seconds), loudness(record.shelve(seconds), seconds)];
const loudest = first.indexOf(Math.max(...first));
const { nbytes, cbytes } = recording.info();
console.log(`${(nbytes / 1e6).toFixed(1)} MB on disk as ${(cbytes / 1e6).toFixed(1)} MB`);
console.log(
  `second ${loudest} is the loudest, and was found again: ${again[loudest] === first[loudest]}`,
);
console.log(
  `${record.stats().misses.absent} recording, ${loudness.stats().hits} of 2 analyses from the cache`,
);
