/** A part of a file to try things on. */
import { allocate } from "../../blosc/codec.ts";
import { DEFAULT_CHUNK_SIZE } from "../../format/constants.ts";
import { readFully } from "../../format/endpoints.ts";
import { isSeekable, openSource, withBytes } from "../endpoints.ts";
import type { Session } from "../session.ts";

/**
 * At most `size` bytes: pieces of 1 MiB, spread evenly over a file, or the start of a pipe.
 *
 * @param itemsize pieces start at multiples of it, lest the shuffle be tried on halves of elements
 */
export async function readSample(
  name: string,
  size: number,
  itemsize: number,
  session: Session,
): Promise<Uint8Array> {
  if (!isSeekable(name)) return readStart(name, size, session);
  return withBytes(name, session, async (source) => {
    const sample = new Uint8Array(allocate(Math.min(size, source.size)));
    const pieces = Math.ceil(sample.byteLength / DEFAULT_CHUNK_SIZE);
    const gap = pieces <= 1 ? 0 : (source.size - sample.byteLength) / (pieces - 1);
    for (let i = 0; i < pieces; i++) {
      const start = i * DEFAULT_CHUNK_SIZE;
      const position = start + Math.floor(gap * i);
      const length = Math.min(DEFAULT_CHUNK_SIZE, sample.byteLength - start);
      sample.set(await source.read(position - (position % itemsize), length), start);
    }
    return sample;
  });
}

async function readStart(name: string, size: number, session: Session): Promise<Uint8Array> {
  const source = await openSource(name, session);
  try {
    const sample = new Uint8Array(allocate(size));
    return sample.subarray(0, await readFully(source, sample));
  } finally {
    await source.close?.();
  }
}
