/** Text in arrays: fixed numbers of bytes (`|S3`) or of UCS-4 characters (`<U3`), padded with NUL. */
import { checkArray, type Ndarray } from "./ndarray.ts";
import { toOrder } from "./order.ts";

/**
 * The items of an array of dtype S or U as strings, in C order whatever the array's, without the
 * NULs at their ends. A byte of S becomes the character of the same number (Latin-1), so that
 * `Buffer.from(text, "latin1")` gives the bytes again.
 *
 * @throws {TypeError} when the dtype is another
 * @throws {RangeError} when an item of U has a number in it that no character has
 */
export function strings(array: Ndarray): string[] {
  const { bytes, dtype } = checkArray(toOrder(array, "C"));
  const [endian, kind] = dtype.name;
  if (dtype.fields !== undefined || (kind !== "S" && kind !== "U")) {
    throw new TypeError(`Only arrays of dtype S and U are text: the dtype is ${dtype.name}`);
  }
  const read = kind === "S" ? bytesReader(bytes) : charactersReader(bytes, endian === "<");
  const { itemsize } = dtype;
  return Array.from({ length: bytes.byteLength / itemsize }, (_, item) =>
    read(item * itemsize, (item + 1) * itemsize),
  );
}

type Reader = (start: number, end: number) => string;

function bytesReader(bytes: Uint8Array): Reader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (start, end) => {
    let stop = end;
    while (stop > start && buffer[stop - 1] === 0) stop--;
    return buffer.toString("latin1", start, stop);
  };
}

function charactersReader(bytes: Uint8Array, littleEndian: boolean): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (start, end) => {
    let stop = end;
    while (stop > start && view.getUint32(stop - 4) === 0) stop -= 4;
    let text = "";
    for (let at = start; at < stop; at += 4) {
      const code = view.getUint32(at, littleEndian);
      if (code > 0x10ffff) {
        const item = start / (end - start);
        throw new RangeError(`Item ${item} is no text: no character has the number ${code}`);
      }
      text += String.fromCodePoint(code);
    }
    return text;
  };
}
