/** What an array of a stored result says of itself in its file. */
import type { StoredArray } from "../../cache/stored-arrays.ts";
import { messageOf } from "../../errors.ts";
import { halfToFloat32 } from "../../format/half.ts";
import type { BytesReader, Reader } from "../../format/reader.ts";
import { type FileInfo, readInfo } from "../../store/file-info.ts";
import { open } from "../../store/file-reader.ts";

export interface ArrayFacts extends StoredArray {
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly order?: string;
  /** Of the first chunk; all chunks of a file have the same. */
  readonly codec?: string;
  readonly nchunks?: number;
  readonly chunkSize?: number;
  readonly checksum?: string;
  /** The first values. */
  readonly preview?: string;
  /** Why the file does not say it. */
  readonly fault?: string;
}

/** Values in a preview. */
const SHOWN = 6;
/** Characters of text in a preview. */
const TEXT_SHOWN = 60;
/** The largest item of a typed array, bytes. */
const LARGEST_ITEM = 8;

/** The file of an array, wherever it is. */
export interface ArrayFile {
  readonly info: () => Promise<FileInfo>;
  readonly open: (options?: { readonly as: "bytes" }) => Promise<Reader>;
}

/** Never throws for the file: what is wrong with it is among the facts. */
export async function describeArray(array: StoredArray): Promise<ArrayFacts> {
  const { file } = array;
  if (file === undefined) return array;
  return describeFile(array, {
    info: () => readInfo(file),
    open: (options) => open(file, options),
  });
}

/** {@link describeArray} of one that is no file of the system's. */
export async function describeFile(array: StoredArray, file: ArrayFile): Promise<ArrayFacts> {
  try {
    const { header, firstChunk } = await file.info();
    const { dtype, shape, order, preview } = await look(file, array);
    return {
      ...array,
      ...(dtype === undefined ? {} : { dtype, shape, order }),
      nchunks: Number(header.nchunks),
      chunkSize: header.chunkSize,
      checksum: header.checksum,
      ...(firstChunk === undefined ? {} : { codec: firstChunk.codec }),
      preview,
    };
  } catch (error) {
    return { ...array, fault: messageOf(error) };
  }
}

async function look(file: ArrayFile, array: StoredArray) {
  const [typed, bytes] = await Promise.all([file.open(), file.open({ as: "bytes" })]);
  try {
    const first = await (bytes as BytesReader).slice(
      0,
      Math.max(SHOWN * LARGEST_ITEM, 2 * TEXT_SHOWN),
    );
    const { dtype, shape, order } = typed;
    return { dtype, shape, order, preview: previewOf(first, array) } as {
      dtype: string;
      shape: readonly number[];
      order: string;
      preview: string;
    };
  } finally {
    await Promise.all([typed.close(), bytes.close()]);
  }
}

type NumbersOf = new (buffer: ArrayBuffer) => ArrayLike<number | bigint>;

/** @param first the beginning of the plain bytes */
function previewOf(first: Uint8Array, { type, nbytes }: StoredArray): string {
  const whole = first.byteLength - (first.byteLength % LARGEST_ITEM);
  const own = new Uint8Array(first.subarray(0, first.byteLength < nbytes ? whole : undefined))
    .buffer;
  if (type === "latin1" || type === "utf16") {
    const text = Buffer.from(own).toString(type === "utf16" ? "utf16le" : "latin1");
    const isWhole = first.byteLength === nbytes && text.length <= TEXT_SHOWN;
    return JSON.stringify(text.slice(0, TEXT_SHOWN)) + (isWhole ? "" : "…");
  }
  const { values, itemsize } = numbersIn(own, type);
  const shown = Array.from(values).slice(0, SHOWN).map(String);
  return `[${[...shown, ...(shown.length * itemsize < nbytes ? ["…"] : [])].join(", ")}]`;
}

function numbersIn(buffer: ArrayBuffer, type: string) {
  if (type === "Float16Array") {
    return { values: halfToFloat32(new Uint16Array(buffer)), itemsize: 2 };
  }
  const named = (globalThis as unknown as { [name: string]: NumbersOf | undefined })[type];
  // Of a Buffer, an ArrayBuffer and the like, the bytes.
  const Numbers = /\dArray$|^Uint8ClampedArray$/.test(type) ? named : undefined;
  const values = new (Numbers ?? Uint8Array)(buffer);
  return { values, itemsize: buffer.byteLength / Math.max(1, values.length) };
}
