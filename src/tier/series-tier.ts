/** The series of a shared tier over a bucket, as a cache asks for them. */
import type { Address } from "../store/address.ts";
import type { Breaker } from "./breaker.ts";
import { seriesFolder } from "./object-names.ts";
import { itemBytesOf, lengthOfManifest, type Manifest } from "./series-manifest.ts";
import type { SeriesObjects } from "./series-objects.ts";
import type { SeriesErrand } from "./series-sending.ts";
import type { FoundSeries, ItemKind, Refused, Stretch, TierSeries } from "./shared-tier.ts";

interface Surroundings {
  readonly objects: SeriesObjects;
  readonly breaker: Breaker;
  readonly enqueue: (errand: SeriesErrand) => Promise<void>;
  /** Whether what is there is still to be forgotten. */
  readonly isDoomed: (row: string) => boolean;
}

/** A manifest of a series that is fetched. */
interface Source {
  readonly address: Address;
  readonly kind: ItemKind;
  readonly manifest: Manifest;
  readonly etag: string;
}

export class BucketSeries implements TierSeries {
  readonly #objects: SeriesObjects;
  readonly #breaker: Breaker;
  readonly #enqueue: Surroundings["enqueue"];
  readonly #isDoomed: Surroundings["isDoomed"];

  constructor({ objects, breaker, enqueue, isDoomed }: Surroundings) {
    this.#objects = objects;
    this.#breaker = breaker;
    this.#enqueue = enqueue;
    this.#isDoomed = isDoomed;
  }

  async look(
    address: Address,
    kind: ItemKind,
    signal?: AbortSignal,
  ): Promise<FoundSeries | Refused | undefined> {
    if (this.#isDoomed(hexOf(address))) return undefined;
    const found = await this.#breaker.run(() => this.#objects.manifest(address, kind, signal));
    if (found === undefined) return undefined;
    const { manifest, etag, fault } = found;
    if (manifest === undefined || fault !== undefined) {
      return { refused: fault ?? "it cannot be read", etag };
    }
    const source = { address, kind, manifest, etag };
    return {
      length: lengthOfManifest(manifest),
      durationMs: manifest.durationMs,
      stretches: (from, signal) => this.#stretches(source, from, signal),
    };
  }

  async *#stretches(
    source: Source,
    start: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Stretch | Refused, void, undefined> {
    const { address, kind, manifest } = source;
    const itemBytes = itemBytesOf(kind);
    let pieces: Uint8Array[] = [];
    for (const segment of manifest.segments) {
      if (segment.to <= start) continue;
      const ask = () => this.#objects.segment(address, kind, segment, signal);
      const items = await this.#breaker.run(ask);
      if (typeof items === "string") {
        yield* this.#refuse(source, items, signal);
        return;
      }
      const known = Math.max(0, start - segment.from);
      pieces.push(items.plain.subarray(known * itemBytes));
      // What was sent at once is taken over at once: on the way nobody could go on.
      if (items.note === undefined) continue;
      yield { plain: joined(pieces), note: items.note };
      pieces = [];
    }
    if (pieces.length > 0) yield* this.#refuse(source, "nobody can go on behind its end", signal);
  }

  /** What a manifest names may go when another takes its place; else the manifest is wrong. */
  async *#refuse(
    { address, etag }: Source,
    fault: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Refused, void, undefined> {
    const ask = () => this.#objects.isCurrent(address, etag, signal);
    if (!(await this.#breaker.run(ask))) return;
    this.#objects.condemn(address, etag, fault);
    yield { refused: fault, etag };
  }

  extend(address: Address): Promise<void> {
    const [row, folder] = [hexOf(address), seriesFolder(address)];
    return this.#enqueue({ action: "extend", row, folder, anew: false });
  }

  remove(address: Address): Promise<void> {
    return this.#enqueue({ action: "forget", row: hexOf(address), folder: seriesFolder(address) });
  }
}

function hexOf({ row }: Address): string {
  return Buffer.from(row).toString("hex");
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}
