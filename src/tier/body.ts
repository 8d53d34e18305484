/** The bytes of an object on their way here. */
import { StoreError } from "../errors.ts";

/** Where the bytes come from. */
export interface BodySource {
  /** Of the object, for errors. */
  readonly url: string;
  /** How many bytes there are to be. */
  readonly length: number;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Frees what `pieces` holds, whether or not any were asked for; may be called twice. */
  leave(): unknown;
}

/**
 * The body of an object: as many bytes as there are to be, or an error. Whoever leaves it frees its
 * source, also when not one piece was read.
 */
export function bodyOf(source: BodySource): AsyncIterable<Uint8Array> {
  const pieces = checked(source);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => pieces.next(),
      async return() {
        // A generator that has not begun knows of nothing to clean up.
        await pieces.return();
        await source.leave();
        return { done: true, value: undefined };
      },
    }),
  };
}

async function* checked({ url, length, pieces, leave }: BodySource) {
  let end = 0;
  try {
    for await (const piece of pieces) {
      end += piece.byteLength;
      if (end > length) break;
      yield piece;
    }
  } finally {
    await leave();
  }
  if (end === length) return;
  const found = end > length ? "more" : `only ${end}`;
  throw new StoreError("read", url, new Error(`it has ${length} bytes, and ${found} came`));
}
