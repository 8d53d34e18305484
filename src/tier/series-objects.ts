/** The objects of series: manifests and segments, and which of them are of no use. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import {
  type Bucket,
  type BucketObject,
  type PutCondition,
  type PutOptions,
  type PutOutcome,
  readBody,
} from "./bucket.ts";
import { MANIFEST, manifestName, newSegmentName, seriesFolder } from "./object-names.ts";
import { type Patience, patienceMs, within } from "./patience.ts";
import type { Seal } from "./seal.ts";
import {
  decodeManifest,
  encodeManifest,
  MANIFEST_BYTES,
  type Manifest,
  type Segment,
} from "./series-manifest.ts";
import { decodeSegment, encodeSegment, type SegmentItems } from "./series-segment.ts";
import type { ItemKind } from "./shared-tier.ts";

/** A manifest that is in the bucket. */
export interface StoredManifest {
  readonly etag: string;
  /** `undefined` for one that cannot be read. */
  readonly manifest: Manifest | undefined;
  /** Why it is not to be used. */
  readonly fault: string | undefined;
}

/** Older segments that no manifest names are of somebody who has died, ms. */
const LITTER_MS = 3_600_000;

export class SeriesObjects {
  /** Of the bucket. */
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #seal: Seal;
  readonly #answerMs: number;
  /** Manifests that name segments which are not there, or damaged. By the folder of the series. */
  readonly #condemned = new Map<string, { readonly etag: string; readonly fault: string }>();

  constructor(bucket: Bucket, seal: Seal, answerMs: number) {
    this.url = bucket.url;
    this.#bucket = bucket;
    this.#seal = seal;
    this.#answerMs = answerMs;
  }

  /** @throws {StoreError} */
  manifest(
    address: Address,
    kind: ItemKind,
    signal?: AbortSignal,
  ): Promise<StoredManifest | undefined> {
    const name = manifestName(address);
    return this.#get(name, signal, async (object, patience) => {
      if (object === undefined) return undefined;
      const { etag, size, metadata } = object;
      if (size > MANIFEST_BYTES) {
        await leave(object);
        return { etag, manifest: undefined, fault: `it has ${size} bytes` };
      }
      const bytes = await readBody({ ...object, body: patience.heed(object.body) });
      const fault = this.#seal.faultIn(name, bytes, metadata);
      if (fault !== undefined) return { etag, manifest: undefined, fault };
      try {
        const manifest = decodeManifest(address, kind, bytes);
        return { etag, manifest, fault: this.#faultOf(address, etag) };
      } catch (error) {
        return { etag, manifest: undefined, fault: messageOf(error) };
      }
    });
  }

  #faultOf(address: Address, etag: string): string | undefined {
    const condemned = this.#condemned.get(seriesFolder(address));
    return condemned?.etag === etag ? condemned.fault : undefined;
  }

  /** From now on this manifest is one of no use. */
  condemn(address: Address, etag: string, fault: string): void {
    this.#condemned.set(seriesFolder(address), { etag, fault });
  }

  /** Whether it is still this manifest. @throws {StoreError} */
  isCurrent(address: Address, etag: string, signal?: AbortSignal): Promise<boolean> {
    const name = manifestName(address);
    return within(this.#answerMs, this.url, signal, async (patience) => {
      const head = await this.#bucket.head(name, { signal: patience.signal });
      return head?.etag === etag;
    });
  }

  /** @returns what is wrong with it, as a text, if something is @throws {StoreError} */
  segment(
    address: Address,
    kind: ItemKind,
    segment: Segment,
    signal?: AbortSignal,
  ): Promise<SegmentItems | string> {
    const name = seriesFolder(address) + segment.name;
    return this.#get(name, signal, async (object, patience) => {
      if (object === undefined) return `${segment.name} is missing`;
      if (object.size !== segment.cbytes) {
        await leave(object);
        return `${segment.name} has ${object.size} bytes`;
      }
      const bytes = await readBody({ ...object, body: patience.heed(object.body) });
      const digester = this.#seal.digester();
      digester.update(bytes);
      if (digester.digest() !== segment.digest) return `the digest of ${segment.name} is another`;
      try {
        return await decodeSegment(address, kind, segment, bytes);
      } catch (error) {
        return `${segment.name}: ${messageOf(error)}`;
      }
    });
  }

  /** Puts items where nobody looks yet. @throws {StoreError} */
  async putSegment(
    address: Address,
    kind: ItemKind,
    range: Pick<Segment, "from" | "to">,
    items: SegmentItems,
  ): Promise<Segment> {
    const { from, to } = range;
    const bytes = await encodeSegment(address, kind, range, items);
    const digester = this.#seal.digester();
    digester.update(bytes);
    const name = newSegmentName(from, to);
    await this.#put(seriesFolder(address) + name, bytes, {});
    return { name, from, to, cbytes: bytes.byteLength, digest: digester.digest() };
  }

  /** Puts a manifest, which commits the segments that it names. @throws {StoreError} */
  putManifest(
    address: Address,
    kind: ItemKind,
    manifest: Manifest,
    condition: PutCondition | undefined,
  ): Promise<PutOutcome> {
    const name = manifestName(address);
    const bytes = encodeManifest(address, kind, manifest);
    const metadata = this.#seal.fieldsFor(name, bytes);
    return this.#put(name, bytes, { metadata, ...(condition && { condition }) });
  }

  #put(name: string, bytes: Uint8Array, options: PutOptions): Promise<PutOutcome> {
    const ms = patienceMs(this.#answerMs, bytes.byteLength);
    return within(ms, this.url, undefined, ({ signal }) =>
      this.#bucket.put(name, bytes, { ...options, signal }),
    );
  }

  /** @param names in the folder of the series @throws {StoreError} */
  async removeSegments(folder: string, names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#delete(names.map((name) => folder + name));
  }

  /** The manifest first: then there is no series. @throws {StoreError} */
  async removeSeries(folder: string): Promise<void> {
    const manifest = folder + MANIFEST;
    const named = await this.#get(manifest, undefined, async (object, patience) => {
      if (object === undefined) return "";
      const bytes = await readBody({ ...object, body: patience.heed(object.body) });
      return Buffer.from(bytes).toString("latin1");
    });
    await this.#delete([manifest]);
    // What is put there at this moment belongs to a new series.
    await this.#removeFrom(folder, (name, ageMs) => named.includes(name) || ageMs > LITTER_MS);
  }

  /** Segments that somebody left who has died. @throws {StoreError} */
  removeLitter(folder: string, { segments }: Manifest): Promise<void> {
    const named = new Set(segments.map(({ name }) => name));
    return this.#removeFrom(folder, (name, ageMs) => !named.has(name) && ageMs > LITTER_MS);
  }

  async #removeFrom(
    folder: string,
    isWaste: (name: string, ageMs: number) => boolean,
  ): Promise<void> {
    const waste = await within(this.#answerMs, this.url, undefined, async ({ signal }) => {
      const names: string[] = [];
      for await (const { name, ageMs } of this.#bucket.list(folder, { signal })) {
        const own = name.slice(folder.length);
        if (own !== MANIFEST && isWaste(own, ageMs)) names.push(own);
      }
      return names;
    });
    await this.removeSegments(folder, waste);
  }

  #delete(names: readonly string[]): Promise<void> {
    return within(this.#answerMs, this.url, undefined, ({ signal }) =>
      this.#bucket.delete(names, { signal }),
    );
  }

  #get<T>(
    name: string,
    signal: AbortSignal | undefined,
    use: (object: BucketObject | undefined, patience: Patience) => Promise<T>,
  ): Promise<T> {
    return within(this.#answerMs, this.url, signal, async (patience) =>
      use(await this.#bucket.get(name, { signal: patience.signal }), patience),
    );
  }
}

/** Of a body that is not to be read: else its connection stays open. */
async function leave({ body }: BucketObject): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
