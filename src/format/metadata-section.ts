/** The metadata section of a file that exists: another value in the same room. */
import { CHECKSUMS } from "../blosc/checksum.ts";
import { NotEnoughSpace } from "../errors.ts";
import { HEADER_LENGTH, META_HEADER_LENGTH } from "./constants.ts";
import { encodeMetadata, type Metadata, type MetadataArgs } from "./metadata.ts";
import { checkArraySize, decodeArrayHeader } from "./ndarray.ts";
import { checkOptionNames } from "./option-names.ts";

/** How to store a value in a section whose room is fixed. */
export type RewriteMetadataArgs = Omit<MetadataArgs, "maxMetaSize">;

const CODEC_AT = HEADER_LENGTH + 10;
const USER_CODEC_AT = HEADER_LENGTH + 24;

/** The arguments that a file's section was written with; its checksum's size is part of its room. */
export function metadataArgsOf(head: Uint8Array): Required<RewriteMetadataArgs> {
  return {
    metaChecksum: CHECKSUMS[head[HEADER_LENGTH + 9] as number]?.name ?? "None",
    // Text that was too short to shrink may have grown since.
    metaCodec: "zlib",
    metaLevel: head[CODEC_AT] === 1 ? (head[CODEC_AT + 1] as number) : 6,
  };
}

/**
 * The section for `value`, of the same length as the one in `head`.
 *
 * @param head the first bytes of a file that has a section, checked by `decodeMetadata`
 * @throws {NotEnoughSpace} when the payload does not fit
 * @throws {TypeError | RangeError} for an argument, among them a digest of another size
 */
export function replaceMetadata(
  head: Uint8Array,
  value: Metadata,
  args: RewriteMetadataArgs = {},
): Uint8Array {
  checkOptionNames(args, ["metaChecksum", "metaCodec", "metaLevel"], "rewriteMetadata");
  const before = metadataArgsOf(head);
  const wanted = { ...before, ...args };
  const [size, needed] = [before.metaChecksum, wanted.metaChecksum].map(
    (wantedName) => CHECKSUMS.find(({ name }) => name === wantedName)?.size,
  );
  if (size !== needed) {
    throw new RangeError(
      `Option metaChecksum must have digests as long as "${before.metaChecksum}", which the file has: got "${String(wanted.metaChecksum)}"`,
    );
  }
  const room = new DataView(head.buffer, head.byteOffset).getUint32(HEADER_LENGTH + 16, true);
  // The payload is never longer than the text, so this room is enough to learn its size.
  const roomy = encodeMetadata(value, { ...wanted, maxMetaSize: (metaSize) => metaSize });
  const taken = new DataView(roomy.buffer).getUint32(20, true);
  if (taken > room) {
    throw new NotEnoughSpace(`The metadata takes ${taken} bytes, the file has room for ${room}`);
  }
  const section = encodeMetadata(value, { ...wanted, maxMetaSize: room });
  const userCodec = head.subarray(USER_CODEC_AT, HEADER_LENGTH + META_HEADER_LENGTH);
  section.set(userCodec, USER_CODEC_AT - HEADER_LENGTH);
  return section;
}

/** An array file, and how many bytes one step along its first axis takes. */
export interface Rows {
  readonly metadata: { readonly [key: string]: Metadata };
  readonly shape: readonly number[];
  readonly rowBytes: number;
  readonly itemsize: number;
}

/**
 * What rows the array in a file has; `undefined` for a file of other content.
 *
 * @param nbytes plain bytes of the file
 * @throws {BloscpackError} when the file says that it is an array, but is none
 * @throws {TypeError} for an array that cannot grow along its first axis
 */
export function rowsOf(metadata: Metadata | undefined, nbytes: number): Rows | undefined {
  const fields = metadata as { readonly [key: string]: Metadata } | null | undefined;
  if (typeof fields !== "object" || fields?.["container"] !== "numpy") return undefined;
  const header = decodeArrayHeader(fields);
  checkArraySize(header, nbytes);
  const { shape, order, dtype } = header;
  if (shape.length === 0) throw new TypeError("An array without dimensions cannot be appended to");
  if (order !== "C" && shape.length > 1) {
    throw new TypeError(
      `An array is appended to along its first axis, so its order must be "C": the file's is "${order}"`,
    );
  }
  const rowBytes = shape.slice(1).reduce((product, length) => product * length, dtype.itemsize);
  return { metadata: fields, shape, rowBytes, itemsize: dtype.itemsize };
}

/** Metadata of an array file after rows were appended. @throws {RangeError} for half a row */
export function grownMetadata({ metadata, shape, rowBytes }: Rows, added: number): Metadata {
  if (rowBytes === 0 || added % rowBytes !== 0) {
    throw new RangeError(
      `The file holds an array of shape [${shape.join(", ")}], whose rows take ${rowBytes} bytes: ${added} bytes are not whole rows`,
    );
  }
  const [rows = 0, ...rest] = shape;
  return { ...metadata, shape: [rows + added / rowBytes, ...rest] };
}

/** A file has a metadata section. @throws {NotEnoughSpace} */
export function requireMetadata(metadata: Metadata | undefined): void {
  if (metadata !== undefined) return;
  throw new NotEnoughSpace("The file has no metadata section, and no room for one");
}
