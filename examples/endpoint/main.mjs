/**
 * Packs a generator into a file of hexadecimal digits and back: endpoints of one's own beside those
 * that come with the library.
 *
 *   node examples/endpoint/main.mjs
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BytesSink, PiecesSource, pack, unpack } from "bloscache/format";
import { HexSink, HexSource } from "./hex-endpoint.mjs";

const folder = mkdtempSync(join(tmpdir(), "bloscache-endpoint-"));
const path = join(folder, "squares.hex");

function* squares() {
  for (let n = 0; n < 100; n++) yield new Uint8Array(Uint32Array.of(n * n).buffer);
}

const { nbytes, cbytes } = await pack(new PiecesSource(squares()), new HexSink(path), {
  bloscArgs: { typesize: 4, cname: "lz4" },
});
const plain = new BytesSink();
await unpack(new HexSource(path), plain);
const [...numbers] = new Uint32Array(plain.bytes().buffer);

console.log(
  `${nbytes} bytes in ${cbytes}, the last of ${numbers.length} numbers is ${numbers.at(-1)}`,
);
rmSync(folder, { recursive: true });
