/**
 * The shared tier over a bucket: results as objects by their keys, which never change while they are
 * of use, and leases beside them.
 */
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { ByteSink } from "../format/sink.ts";
import type { Address } from "../store/address.ts";
import { xxh64 } from "../store/hash.ts";
import { Breaker } from "./breaker.ts";
import { type Bucket, type BucketObject, readBody } from "./bucket.ts";
import { type Capabilities, capabilitiesOf } from "./capabilities.ts";
import { type Errand, removes } from "./errands.ts";
import { TierLeases } from "./lease.ts";
import { leaseName, objectName, sideName } from "./object-names.ts";
import { Outbox } from "./outbox.ts";
import { within } from "./patience.ts";
import { decodeObject, OBJECT_BYTES, oversized, type SideFile } from "./result-object.ts";
import type { Seal } from "./seal.ts";
import { Sending } from "./sending.ts";
import { SeriesObjects } from "./series-objects.ts";
import { SeriesSending } from "./series-sending.ts";
import { BucketSeries } from "./series-tier.ts";
import {
  type AttachedTier,
  type Found,
  type Home,
  type Refused,
  type Replaces,
  type SharedTier,
  type TierLease,
  type TierRecipe,
  UnusableObject,
} from "./shared-tier.ts";

interface Settings {
  readonly seal: Seal;
  /** How long a lease outlives its holder, ms. */
  readonly leaseMs: number;
  /** How long a question may go without an answer, and a download without a byte, ms. */
  readonly answerMs: number;
  /** Results are taken from the bucket, and nothing is written to it. */
  readonly readOnly: boolean;
  /** As of {@link SharedTier}; a function, so that whoever prints the tier prints no secrets. */
  readonly recipe: SharedTier["recipe"];
}

/** So much of a file is written at once. */
const BATCH_BYTES = 1024 * 1024;

export class BucketTier implements SharedTier {
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #options: Settings;
  /** Rows of results that were invalidated where nothing is sent; as long as there is the tier. */
  readonly #unwanted = new Set<string>();

  constructor(bucket: Bucket, options: Settings) {
    this.url = bucket.url;
    this.#bucket = bucket;
    this.#options = options;
  }

  attach(home: Home): AttachedTier {
    return new AttachedBucket(this.#bucket, this.#options, home, this.#unwanted);
  }

  recipe(): TierRecipe | "unasked" | undefined {
    return this.#options.recipe();
  }
}

class AttachedBucket implements AttachedTier {
  readonly series: BucketSeries;
  readonly #bucket: Bucket;
  readonly #options: Settings;
  readonly #home: Home;
  readonly #breaker: Breaker;
  readonly #leases: TierLeases;
  /** `undefined` where nothing is sent. */
  readonly #outbox: Outbox | undefined;
  readonly #unwanted: Set<string>;

  constructor(bucket: Bucket, options: Settings, home: Home, unwanted: Set<string>) {
    this.#bucket = bucket;
    this.#options = options;
    this.#home = home;
    this.#unwanted = unwanted;
    this.#breaker = new Breaker(bucket.url);
    this.#leases = new TierLeases(bucket, { ttlMs: options.leaseMs });
    const { seal, answerMs } = options;
    const sending = new Sending(bucket, seal, home, answerMs);
    const objects = new SeriesObjects(bucket, seal, answerMs);
    const seriesSending = new SeriesSending(objects, home);
    const send = (errand: Errand, capabilities: Capabilities) =>
      "folder" in errand
        ? seriesSending.send(errand, capabilities)
        : sending.send(errand, capabilities);
    if (!options.readOnly) {
      // What is to be sent to one tier is not for another one, which the cache may have next.
      this.#outbox = new Outbox(join(home.folder, slugOf(bucket.url), "outbox"), {
        send: (errand) => this.#breaker.run(async () => send(errand, await this.#ask())),
        warn: home.warn,
      });
    }
    this.series = new BucketSeries({
      ...{ objects, breaker: this.#breaker },
      enqueue: (errand) => this.#enqueue(errand),
      isDoomed: (row) => this.#isDoomed(row),
    });
  }

  async look(address: Address, signal?: AbortSignal): Promise<Found | Refused | undefined> {
    const name = objectName(address);
    const { answerMs } = this.#options;
    if (this.isRemoving(address)) return undefined;
    return this.#breaker.run(() =>
      within(answerMs, this.#bucket.url, signal, async (patience) => {
        const object = await this.#bucket.get(name, { signal: patience.signal });
        if (object === undefined) return undefined;
        const { etag, size } = object;
        if (size > OBJECT_BYTES) {
          await leave(object);
          return { refused: oversized(size), etag };
        }
        const bytes = await readBody({ ...object, body: patience.heed(object.body) });
        return this.#decode(address, name, object, bytes);
      }),
    );
  }

  async #decode(
    address: Address,
    name: string,
    { etag, metadata, ageMs }: BucketObject,
    bytes: Uint8Array,
  ): Promise<Found | Refused> {
    const fault = this.#options.seal.faultIn(name, bytes, metadata);
    if (fault !== undefined) return { refused: fault, etag };
    try {
      const { entry, content } = await decodeObject(address, bytes, ageMs, this.#home);
      if (content === "inline") return { entry, files: [], etag };
      if (content === "object")
        return { entry, files: [async (sink) => sink.append([bytes])], etag };
      const files = content.sides.map(
        (side, n) => (sink: ByteSink) =>
          this.#breaker.run(() => this.#fetchSide(sideName(address, content.stamp, n), side, sink)),
      );
      return { entry, files, etag };
    } catch (error) {
      return { refused: messageOf(error), etag };
    }
  }

  /** Fills a file as the bytes come, and checks them at the end: until then it has no name. */
  #fetchSide(name: string, { facts, digest }: SideFile, sink: ByteSink): Promise<void> {
    const { answerMs, seal } = this.#options;
    return within(answerMs, this.#bucket.url, undefined, async (patience) => {
      const object = await this.#bucket.get(name, { signal: patience.signal });
      if (object === undefined || object.size !== facts.cbytes) {
        if (object !== undefined) await leave(object);
        throw new UnusableObject("one of its files is not there, or another one");
      }
      const digester = seal.digester();
      let writing: Promise<void> = Promise.resolve();
      for await (const pieces of batches(patience.heed(object.body))) {
        for (const piece of pieces) digester.update(piece);
        await writing;
        writing = Promise.resolve(sink.append(pieces));
        // It is told when it is waited for, unless the network has failed before.
        writing.catch(() => undefined);
      }
      await writing;
      if (digester.digest() !== digest) {
        throw new UnusableObject("the digest of one of its files does not match");
      }
    });
  }

  async tryAcquire(
    address: Address,
    signal?: AbortSignal,
    wasHeld = false,
  ): Promise<TierLease | { readonly heldForMs: number } | "unavailable"> {
    if (this.#options.readOnly) return "unavailable";
    const { answerMs } = this.#options;
    return this.#breaker.run(async () => {
      const { create, replace } = await this.#ask(signal);
      if (create !== "atomic" || replace !== "atomic") return "unavailable";
      return within(answerMs, this.#bucket.url, signal, (patience) =>
        this.#leases.tryAcquire(leaseName(address), patience.signal, wasHeld),
      );
    });
  }

  /** Whether what the bucket has of a result was invalidated, and is there still. */
  #isDoomed(row: string): boolean {
    return this.#unwanted.has(row) || this.#outbox?.isDoomed(row) === true;
  }

  /** What the bucket can do. Told once, where it cannot do what leases need. */
  async #ask(signal?: AbortSignal): Promise<Capabilities> {
    // It may have to try out several puts.
    const patienceMs = 3 * this.#options.answerMs;
    const { url } = this.#bucket;
    const capabilities = await within(patienceMs, url, signal, () =>
      capabilitiesOf(this.#bucket, patienceMs),
    );
    if (capabilities.create !== "atomic" || capabilities.replace !== "atomic") {
      this.#home.warn(
        "SHARED_WITHOUT_LEASES",
        `${this.#bucket.url} has no conditional writes (create: ${capabilities.create}, replace: ${capabilities.replace}). Results are shared, but several machines may compute the same one at a time.`,
      );
    }
    return capabilities;
  }

  publish(address: Address, replaces: Replaces): Promise<void> {
    return this.#enqueue({ action: "publish", row: hexOf(address), replaces });
  }

  remove(address: Address): Promise<void> {
    return this.#enqueue({ action: "remove", row: hexOf(address), name: objectName(address) });
  }

  #enqueue(errand: Errand): Promise<void> {
    if (this.#outbox !== undefined) return this.#outbox.add(errand);
    if (removes(errand)) this.#unwanted.add(errand.row);
    return Promise.resolve();
  }

  isRemoving(address: Address): boolean {
    return this.#isDoomed(hexOf(address));
  }

  async settled(): Promise<void> {
    await this.#outbox?.settled();
  }

  end(): void {
    this.#outbox?.end();
  }
}

/** The pieces of a network are small; a write of each would take longer than their way here. */
async function* batches(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array[], void, undefined> {
  let batch: Uint8Array[] = [];
  let nbytes = 0;
  for await (const piece of pieces) {
    batch.push(piece);
    nbytes += piece.byteLength;
    if (nbytes < BATCH_BYTES) continue;
    yield batch;
    [batch, nbytes] = [[], 0];
  }
  if (nbytes > 0) yield batch;
}

/** Safe as the name of a folder. */
function slugOf(url: string): string {
  return xxh64(Buffer.from(url)).toString(16).padStart(16, "0");
}

function hexOf({ row }: Address): string {
  return Buffer.from(row).toString("hex");
}

/** Of a body that is not to be read: else its connection stays open. */
async function leave({ body }: BucketObject): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
