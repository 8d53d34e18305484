/** All plain bytes of a file, with the care that the options ask for. */
import { Opening, type OpenOptions, plainBytes } from "./contents.ts";
import { type Head, readHead, readHeadSync } from "./head.ts";
import type { ArrayHeader } from "./ndarray.ts";
import type { ByteSource, ByteSourceSync, OpenFile } from "./source.ts";
import { run, runSync } from "./two-ways.ts";
import { unpack, unpackSync } from "./unpack.ts";

export interface Whole {
  readonly head: Head;
  /** `undefined` for a file of bytes. */
  readonly array: ArrayHeader | undefined;
  readonly plain: ArrayBuffer;
}

/**
 * @throws {BloscpackError} when the file is not valid
 * @throws {TypeError | RangeError} for an option, and for more plain bytes than `maxBytes`
 */
export function readWholeSync(
  source: ByteSourceSync & Partial<OpenFile>,
  options: OpenOptions,
): Whole {
  const opening = new Opening(options);
  const head = readHeadSync(source, opening.forgive);
  if (opening.forgive === undefined) {
    const array = opening.array(head);
    return { head, array, plain: unpackSync(source, head, (n) => opening.checkSize(array, n)) };
  }
  const contents = runSync(opening.contents(head, source.size), source);
  const plain = runSync(plainBytes(contents, 0, contents.index.nbytes), source);
  return { head, array: contents.array, plain };
}

/** {@link readWholeSync} off the main thread. */
export async function readWhole(
  source: ByteSource & Partial<OpenFile>,
  options: OpenOptions,
): Promise<Whole> {
  const opening = new Opening(options);
  const head = await readHead(source, opening.forgive);
  if (opening.forgive === undefined) {
    const array = opening.array(head);
    return { head, array, plain: await unpack(source, head, (n) => opening.checkSize(array, n)) };
  }
  const contents = await run(opening.contents(head, source.size), source);
  const plain = await run(plainBytes(contents, 0, contents.index.nbytes), source);
  return { head, array: contents.array, plain };
}
