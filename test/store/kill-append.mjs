// Changes one file, to be killed on the way: node kill-append.mjs <what> <path>
import {
  append,
  appendBytes,
  appendBytesSync,
  appendNdarraySync,
  openSync,
  rewriteMetadataSync,
} from "bloscache/format";

const [what, path] = process.argv.slice(2);
const ramp = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 31) % 253);

async function* pieces(n) {
  const bytes = ramp(n);
  for (let i = 0; i < n; i += 700) yield bytes.subarray(i, i + 700);
}

const work = {
  "into the last chunk": () => appendBytesSync(path, ramp(100)),
  "into a last chunk that shrinks": () =>
    appendBytesSync(path, new Uint8Array(590), { cname: "zlib", clevel: 9 }),
  "spilling over": () => appendBytesSync(path, ramp(5000)),
  "spilling over, durably": () => appendBytesSync(path, ramp(5000), { durability: "strict" }),
  "spilling over, durably and asynchronously": () =>
    append(path, pieces(5000), { durability: "strict" }),
  "growing the offsets, durably": () =>
    appendBytesSync(path, ramp(20_000), { durability: "strict" }),
  "growing the offsets, durably and asynchronously": () =>
    append(path, pieces(20_000), { durability: "strict" }),
  "growing the offsets": () => appendBytesSync(path, ramp(20_000)),
  "without offsets": () => appendBytesSync(path, ramp(5000)),
  "to a file of unknown length": () => appendBytesSync(path, ramp(5000)),
  "into the last chunk, asynchronously": () => appendBytes(path, ramp(100)),
  "spilling over, asynchronously": () => append(path, pieces(5000)),
  "growing the offsets, asynchronously": () => append(path, pieces(20_000)),
  "rows to an array": () =>
    appendNdarraySync(
      path,
      Float64Array.from({ length: 700 }, (_, i) => i),
    ),
  "other metadata, durably": () =>
    rewriteMetadataSync(path, { note: "x".repeat(150) }, { durability: "strict" }),
  "other metadata": () => rewriteMetadataSync(path, { note: "x".repeat(150) }),
  recovery: () => openSync(path).close(),
};
await work[what]();
