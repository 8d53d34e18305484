/**
 * Endpoints of one's own: files of hexadecimal digits, for want of something sillier. An endpoint
 * moves bytes and knows nothing of arrays, chunks or compression.
 */
import { appendFileSync, closeSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";

/** Reads the bytes that a file spells in hexadecimal digits. */
export class HexSource {
  #fd;

  constructor(path) {
    this.#fd = openSync(path, "r");
  }

  read(target) {
    const digits = Buffer.alloc(2 * target.byteLength);
    const length = readSync(this.#fd, digits, 0, digits.byteLength, null);
    return Buffer.from(target.buffer, target.byteOffset, target.byteLength).write(
      digits.toString("latin1", 0, length),
      "hex",
    );
  }

  close() {
    closeSync(this.#fd);
  }
}

/** Spells bytes in hexadecimal digits. */
export class HexSink {
  #path;

  constructor(path) {
    this.#path = path;
    writeFileSync(path, "");
  }

  append(pieces) {
    for (const piece of pieces) appendFileSync(this.#path, Buffer.from(piece).toString("hex"));
  }

  abort() {
    rmSync(this.#path);
  }
}
