/**
 * What a cache asks of the tier that it shares with others, and what the tier asks of the cache. What
 * is thrown here is a {@link StoreError}; what it costs a caller is the cache's to decide.
 */
import type { TypedArray } from "../format/dtype.ts";
import type { ByteSink } from "../format/sink.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { SeriesKind, SeriesNote, SeriesRow } from "../store/series-row.ts";

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
  /** A stored series; `undefined` when it is gone. */
  seriesOf(row: Uint8Array): StoredItems | undefined;
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

/** A series, as far as it is committed here. */
export interface StoredItems {
  readonly address: Address;
  readonly row: SeriesRow;
  /** Plain bytes of the items from `start` to `stop`; `undefined` when they cannot be read. */
  read(start: number, stop: number): Promise<ArrayBuffer | undefined>;
}

/** A result that the tier has. */
export interface Found {
  /** To be written into the cache, under a stamp of its own. */
  readonly entry: Entry;
  /**
   * What its files are filled by, one for each array that has one.
   *
   * @throws {StoreError | UnusableObject}
   */
  readonly files: readonly ((sink: ByteSink) => Promise<void>)[];
  /** Names this version of it. */
  readonly etag: string;
}

/** Thrown as a file is filled whose object is gone or damaged: the result is none that can be used. */
export class UnusableObject extends Error {}

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

/** What the items of a series are. */
export type ItemKind = Pick<SeriesKind, "dtype" | "itemShape">;

/** What the tier has of a series. */
export interface FoundSeries {
  /** Items. */
  readonly length: number;
  /** What computing all of them took, ms. */
  readonly durationMs: number;
  /**
   * Items from number `from` on, in stretches behind each of which somebody can go on. They end early
   * when others change the series meanwhile, and with what is refused.
   *
   * @throws {StoreError}
   */
  stretches(from: number, signal?: AbortSignal): AsyncGenerator<Stretch | Refused, void, undefined>;
}

/** Items one behind the other, and what goes with all up to the last of them. */
export interface Stretch {
  readonly plain: Uint8Array;
  readonly note: SeriesNote;
}

/** Results that grow, in segments. */
export interface TierSeries {
  /** How far a series has come: one request. @throws {StoreError} */
  look(
    address: Address,
    kind: ItemKind,
    signal?: AbortSignal,
  ): Promise<FoundSeries | Refused | undefined>;
  /** Sends what is stored here and not there, some time; resolves as {@link AttachedTier.publish}. */
  extend(address: Address): Promise<void>;
  /** {@link extend}, of the news that there is no such series any more. */
  remove(address: Address): Promise<void>;
}

export interface AttachedTier {
  readonly series: TierSeries;
  /** What the tier has of a result: one request for a small one. @throws {StoreError} */
  look(address: Address, signal?: AbortSignal): Promise<Found | Refused | undefined>;
  /**
   * Asks for the right to compute a result.
   *
   * @param wasHeld whether somebody had it a moment ago
   * @returns for how long at most somebody else has it, if never heard of again, ms; `"unavailable"`
   *   where nobody can have it
   * @throws {StoreError}
   */
  tryAcquire(
    address: Address,
    signal?: AbortSignal,
    wasHeld?: boolean,
  ): Promise<TierLease | { readonly heldForMs: number } | "unavailable">;
  /** Sends a stored result, some time; resolves when that is done, given up or put off. */
  publish(address: Address, replaces: Replaces): Promise<void>;
  /** {@link publish}, of the news that a result is none any more. */
  remove(address: Address): Promise<void>;
  /** Whether news that a result is none any more is yet to be sent. */
  isRemoving(address: Address): boolean;
  /** Resolves when nothing is left to send, or nothing can be sent for now. */
  settled(): Promise<void>;
  /** Sends no more: what is left is kept for who attaches the tier next. */
  end(): void;
}
