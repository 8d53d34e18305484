/**
 * What a cache asks of the tier that it shares with others, and what the tier asks of the cache. What
 * is thrown here is a {@link StoreError}; what it costs a caller is the cache's to decide.
 */
import type { TypedArray } from "../format/dtype.ts";
import type { ByteSink } from "../format/sink.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";

/** A tier, before a cache has taken it into use. */
export interface SharedTier {
  /** For people: where it is. */
  readonly url: string;
  /** Takes it into use for one cache of this process. */
  attach(home: Home): AttachedTier;
  /**
   * What another thread makes the tier from, to ask it for callers who wait with theirs blocked.
   *
   * @returns `"unasked"` when these are not to ask; `undefined` when it cannot be made again
   */
  recipe(): TierRecipe | "unasked" | undefined;
}

/** Plain data, as `structuredClone` takes it. There are secrets in it. */
export interface TierRecipe {
  readonly kind: "folder" | "s3";
  /** As they were given. */
  readonly options: object;
}

/** The cache on this machine, as its tier sees it. */
export interface Home {
  /** Absolute path of a folder of the tier's own, inside the cache's. */
  readonly folder: string;
  /** Results of at most so many plain bytes live in their row. */
  readonly inlineBytes: number;
  /** The elements of an array of a row, by its kind; `undefined` for what has none. */
  elementsOf(kind: number, plain: Uint8Array): TypedArray | undefined;
  /** A stored result; `undefined` when it is gone, or cannot be read. */
  parcelOf(row: Uint8Array): Parcel | undefined;
  /** Tells the user what fails for no call. */
  warn(code: string, message: string): void;
}

/** A stored result, as it is sent. */
export interface Parcel {
  readonly address: Address;
  readonly entry: Entry;
  /** Absolute paths, one for each array; none for a result that is all in its row. */
  readonly files: readonly string[];
}

/** A result that the tier has. */
export interface Found {
  /** To be written into the cache, under a stamp of its own. */
  readonly entry: Entry;
  /** What its files are filled by, one for each array that has one. @throws {StoreError} */
  readonly files: readonly ((sink: ByteSink) => Promise<void>)[];
  /** Names this version of it. */
  readonly etag: string;
}

/** What stands in the place of a result, and is none that can be used. */
export interface Refused {
  readonly refused: string;
  readonly etag: string;
}

/** Which object a result may take the place of: none, one that was found useless, or any. */
export type Replaces = "nothing" | "anything" | { readonly etag: string };

/** The right to compute a result, of all machines. */
export interface TierLease {
  /** Whether a holder before this one has ended without giving it back. */
  readonly takenOver: boolean;
  /** Which holder this is, from 1. */
  readonly fence: number;
  release(): Promise<void>;
}

export interface AttachedTier {
  /** What the tier has of a result: one request for a small one. @throws {StoreError} */
  look(address: Address, signal?: AbortSignal): Promise<Found | Refused | undefined>;
  /**
   * Asks for the right to compute a result.
   *
   * @returns for how long at most somebody else has it, if never heard of again, ms; `"unavailable"`
   *   where nobody can have it
   * @throws {StoreError}
   */
  tryAcquire(
    address: Address,
    signal?: AbortSignal,
  ): Promise<TierLease | { readonly heldForMs: number } | "unavailable">;
  /** Sends a stored result, some time; resolves when that is done, given up or put off. */
  publish(address: Address, replaces: Replaces): Promise<void>;
  /** {@link publish}, of the news that a result is none any more. */
  remove(address: Address): Promise<void>;
  /** Whether news that a result is none any more is yet to be sent. */
  isRemoving(address: Address): boolean;
  /** Whether nothing is left to send. */
  readonly isAllSent: boolean;
  /** Resolves when nothing is left to send, or nothing can be sent for now. */
  settled(): Promise<void>;
}
