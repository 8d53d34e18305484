/**
 * The offsets table: (nchunks + max_app_chunks) entries of 8 bytes, i64, right behind the header
 * and the metadata. Entry i is the file position of the first byte of chunk i; -1 marks a free
 * slot, and a table that is -1 throughout was never written (its writer was interrupted).
 */
import { BloscpackError } from "../errors.ts";
import { BLOSC_HEADER_LENGTH, OFFSET_LENGTH, UNKNOWN } from "./constants.ts";

/** The table with `positions` in its first slots, -1 in the others. */
export function encodeOffsets(positions: readonly number[], slots: number): Uint8Array {
  const bytes = new Uint8Array(slots * OFFSET_LENGTH).fill(0xff);
  const view = new DataView(bytes.buffer);
  positions.forEach((position, i) => {
    view.setUint32(i * OFFSET_LENGTH, position, true);
    view.setUint32(i * OFFSET_LENGTH + 4, Math.floor(position / 2 ** 32), true);
  });
  return bytes;
}

/** Is told of a fault that reading can go on from; a strict reader throws it. */
export type Forgive = (fault: BloscpackError) => void;

/** What surrounds a table, which its entries have to fit. */
export interface OffsetsPlace {
  /** File position of the table. */
  readonly position: number;
  readonly nchunks: number;
  readonly slots: number;
  readonly fileSize: number;
}

/**
 * Reads the table that starts at `bytes[place.position]`.
 *
 * @param forgive is told once if the positions are not ascending; default throws
 * @returns the positions of the chunks, strictly ascending; `undefined` for an unwritten table
 * @throws {BloscpackError} BAD_OFFSET, OFFSET_ORDER
 */
export function decodeOffsets(
  bytes: Uint8Array,
  place: OffsetsPlace,
  forgive: Forgive = raise,
): Float64Array | undefined {
  const { position, nchunks, slots } = place;
  const table = new DataView(bytes.buffer, bytes.byteOffset + position, slots * OFFSET_LENGTH);
  const positions = new Float64Array(nchunks);
  let unwritten = true;
  for (let i = 0; i < slots; i++) {
    const offset = readOffset(table, i);
    if (i < nchunks) positions[i] = offset;
    else if (offset !== UNKNOWN) throw badOffset(place, i, `the slot is free but holds ${offset}`);
    if (offset !== UNKNOWN) unwritten = false;
  }
  if (unwritten) return undefined;
  checkPositions(positions, place, forgive);
  return positions;
}

function readOffset(table: DataView, i: number): number {
  const low = table.getUint32(i * OFFSET_LENGTH, true);
  const high = table.getInt32(i * OFFSET_LENGTH + 4, true);
  return high * 2 ** 32 + low;
}

function raise(fault: BloscpackError): never {
  throw fault;
}

function checkPositions(positions: Float64Array, place: OffsetsPlace, forgive: Forgive): void {
  const first = place.position + place.slots * OFFSET_LENGTH;
  const last = place.fileSize - BLOSC_HEADER_LENGTH;
  let previous = 0;
  let disorder: BloscpackError | undefined;
  positions.forEach((offset, i) => {
    if (offset < first || offset > last) {
      throw badOffset(place, i, `${offset} is not within ${first} to ${last}`);
    }
    if (offset <= previous) {
      disorder ??= new BloscpackError("OFFSET_ORDER", `${offset} does not follow ${previous}`, {
        section: "offsets",
        offset: place.position + i * OFFSET_LENGTH,
        chunk: i,
      });
    }
    previous = offset;
  });
  if (disorder !== undefined) forgive(disorder);
}

function badOffset(place: OffsetsPlace, i: number, reason: string): BloscpackError {
  return new BloscpackError("BAD_OFFSET", reason, {
    section: "offsets",
    offset: place.position + i * OFFSET_LENGTH,
    chunk: i,
  });
}
