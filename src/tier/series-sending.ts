/**
 * What goes from a machine to the bucket of series: items that are not there yet, as segments, then a
 * manifest that names them. The manifest commits: a segment that it does not name is nothing.
 *
 * It takes the place of the very one that was read before, so that of two who send at once one
 * begins again, and nothing that was committed is ever shortened, whoever believes to have the right
 * to extend the series. Small segments at the end are put together with what comes, so that there
 * are few; those that are named no more are removed, and who was about to read one looks again.
 *
 * Where the bucket has no conditional puts the later of two manifests stays, so that items of the
 * other one may have to be sent or computed again; and no segment is removed that it may name.
 */
import { StoreError } from "../errors.ts";
import { lengthOf } from "../store/series-row.ts";
import type { PutCondition, PutOutcome } from "./bucket.ts";
import type { Capabilities } from "./capabilities.ts";
import { manifestName, seriesFolder } from "./object-names.ts";
import {
  itemBytesOf,
  lengthOfManifest,
  type Manifest,
  SEGMENT_BYTES,
  type Segment,
} from "./series-manifest.ts";
import type { SeriesObjects, StoredManifest } from "./series-objects.ts";
import type { Home, StoredItems } from "./shared-tier.ts";

/** Something to be done about a series; `anew`: what is there was forgotten here. */
export type SeriesErrand =
  | {
      readonly action: "extend";
      readonly row: string;
      readonly folder: string;
      readonly anew: boolean;
    }
  | { readonly action: "forget"; readonly row: string; readonly folder: string };

/** How often to begin again where others send at the same time. */
const ATTEMPTS = 8;

export class SeriesSending {
  readonly #objects: SeriesObjects;
  readonly #home: Home;
  /** Folders in which nothing was left by others, when they were looked through. */
  readonly #tidied = new Set<string>();

  constructor(objects: SeriesObjects, home: Home) {
    this.#objects = objects;
    this.#home = home;
  }

  /** @throws {StoreError} when it may be tried again */
  async send(errand: SeriesErrand, capabilities: Capabilities): Promise<void> {
    const { row, folder } = errand;
    const anew = errand.action === "forget" || errand.anew;
    const key = Uint8Array.from(Buffer.from(row, "hex"));
    const items = errand.action === "extend" ? this.#home.seriesOf(key) : undefined;
    if (items !== undefined) await this.#extend(items, anew, capabilities);
    else if (anew) await this.#objects.removeSeries(folder);
  }

  async #extend(items: StoredItems, anew: boolean, capabilities: Capabilities): Promise<void> {
    const { address, row } = items;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#objects.manifest(address, row.kind);
      const isOfUse = !anew && found?.fault === undefined;
      const base = isOfUse ? found?.manifest : undefined;
      if (lengthOf(row) <= (base === undefined ? 0 : lengthOfManifest(base))) return;
      const push = new Push(this.#objects, items, found, base, capabilities);
      const sent = await push.send();
      if (sent === "gone") return;
      if (sent !== "too late") return this.#tidyUp(seriesFolder(address), sent, capabilities);
    }
    const cause = new Error("others write it at the same time, again and again");
    throw new StoreError("write", this.#objects.url + manifestName(address), cause);
  }

  /**
   * Once in a while: whoever was killed has left segments that no manifest names. Others that send
   * now have read an older manifest, so that they begin again, or have segments that are young.
   */
  async #tidyUp(folder: string, manifest: Manifest, { replace }: Capabilities): Promise<void> {
    if (replace !== "atomic" || this.#tidied.has(folder)) return;
    this.#tidied.add(folder);
    await this.#objects.removeLitter(folder, manifest).catch(unlessNetwork);
  }
}

/** What cannot be removed now is in nobody's way. */
function unlessNetwork(error: unknown): void {
  if (!(error instanceof StoreError)) throw error;
}

/** One attempt to bring a series in the bucket to the length that it has here. */
class Push {
  readonly #objects: SeriesObjects;
  readonly #items: StoredItems;
  readonly #folder: string;
  readonly #found: StoredManifest | undefined;
  readonly #capabilities: Capabilities;
  /** Segments that stay. */
  readonly #kept: readonly Segment[];
  readonly #added: Segment[] = [];

  /** @param base what is found, if it is of use */
  constructor(
    objects: SeriesObjects,
    items: StoredItems,
    found: StoredManifest | undefined,
    base: Manifest | undefined,
    capabilities: Capabilities,
  ) {
    this.#objects = objects;
    this.#items = items;
    this.#folder = seriesFolder(items.address);
    this.#found = found;
    this.#capabilities = capabilities;
    const segments = base?.segments ?? [];
    this.#kept = this.#isAtomic ? segments.slice(0, this.#countKept(segments)) : segments;
  }

  /** Whether a manifest takes the place of the one that was found, and of no other. */
  get #isAtomic(): boolean {
    const { create, replace } = this.#capabilities;
    return (this.#found === undefined ? create : replace) === "atomic";
  }

  /** As a binary counter carries, so that no item is sent more often than there are powers of two. */
  #countKept(segments: readonly Segment[]): number {
    const length = lengthOf(this.#items.row);
    const most = SEGMENT_BYTES / itemBytesOf(this.#items.row.kind);
    let count = segments.length;
    for (; count > 0; count--) {
      const { from, to } = segments[count - 1] as Segment;
      if (to - from > length - to || length - from > most) break;
    }
    return count;
  }

  /**
   * @returns what is in the bucket then; `"gone"` when there is nothing to send any more; `"too late"`
   *   when others have sent something at the same time
   * @throws {StoreError}
   */
  async send(): Promise<Manifest | "gone" | "too late"> {
    const { address, row } = this.#items;
    if (!(await this.#putSegments())) return "gone";
    const { functionVersion, durationMs, summary, tags } = row;
    const told = { functionVersion, durationMs, summary, tags };
    const manifest = { ...told, segments: [...this.#kept, ...this.#added] };
    const condition = this.#isAtomic ? this.#condition() : undefined;
    const put = await this.#objects.putManifest(address, row.kind, manifest, condition);
    const isOurs = put.outcome === "written" || (await this.#isOurs());
    if (!isOurs && put.outcome !== "refused") throw this.#unknown(put);
    await this.#tidy(isOurs);
    return isOurs ? manifest : "too late";
  }

  #condition(): PutCondition {
    return this.#found === undefined ? "absent" : { etag: this.#found.etag };
  }

  /** Whether there is something to be sent still. */
  async #putSegments(): Promise<boolean> {
    const { address, row, read } = this.#items;
    const { kind, note } = row;
    const itemBytes = itemBytesOf(kind);
    const length = lengthOf(row);
    const step = Math.max(1, Math.floor(SEGMENT_BYTES / itemBytes));
    for (let from = this.#kept.at(-1)?.to ?? 0; from < length; from += step) {
      const to = Math.min(length, from + step);
      const plain = await read(from, to);
      if (plain?.byteLength !== (to - from) * itemBytes) {
        await this.#tidy(false);
        return false;
      }
      // With the last of them one can go on, as it was committed.
      const items = { plain: new Uint8Array(plain), note: to === length ? note : undefined };
      this.#added.push(await this.#objects.putSegment(address, kind, { from, to }, items));
    }
    return true;
  }

  /** Whether a put whose answer was lost, or that was sent twice, has been the one. */
  async #isOurs(): Promise<boolean> {
    const { address, row } = this.#items;
    const now = await this.#objects.manifest(address, row.kind);
    const names = new Set(this.#added.map(({ name }) => name));
    return now?.manifest?.segments.some(({ name }) => names.has(name)) === true;
  }

  /** It may still come to be; then its segments must be there. */
  #unknown(put: PutOutcome): StoreError {
    const cause = "cause" in put ? put.cause : new Error(`the put was ${put.outcome}`);
    const name = manifestName(this.#items.address);
    return new StoreError("write", this.#objects.url + name, cause);
  }

  /** Removes what is not named, or named no more. */
  async #tidy(isOurs: boolean): Promise<void> {
    const kept = new Set(this.#kept);
    const replaced = (this.#found?.manifest?.segments ?? []).filter((one) => !kept.has(one));
    const of = isOurs ? replaced : this.#added;
    if (isOurs && !this.#isAtomic) return;
    const names = of.map(({ name }) => name);
    await this.#objects.removeSegments(this.#folder, names).catch(unlessNetwork);
  }
}
