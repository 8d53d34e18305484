/** What goes from a machine to the bucket: results, whole or not at all, and that they are none any more. */
import fs from "node:fs";
import { StoreError } from "../errors.ts";
import type { FileArray } from "../store/entry.ts";
import { findObjectFault } from "../store/object-file.ts";
import type { Bucket, PutCondition } from "./bucket.ts";
import type { Capabilities } from "./capabilities.ts";
import { objectName, sideName } from "./object-names.ts";
import { patienceMs, within } from "./patience.ts";
import { encodeIndex, encodeSingle, isSingle } from "./result-object.ts";
import type { Seal } from "./seal.ts";
import type { Home, Parcel, Replaces } from "./shared-tier.ts";

/** Something to be done about a result, as it is kept on disk until then. */
export type ResultErrand =
  | { readonly action: "publish"; readonly row: string; readonly replaces: Replaces }
  | { readonly action: "remove"; readonly row: string; readonly name: string };

/** Bytes of a file that are read at a time. */
const READ_BYTES = 1024 * 1024;

export class Sending {
  readonly #bucket: Bucket;
  readonly #seal: Seal;
  readonly #home: Home;
  readonly #answerMs: number;

  constructor(bucket: Bucket, seal: Seal, home: Home, answerMs: number) {
    this.#bucket = bucket;
    this.#seal = seal;
    this.#home = home;
    this.#answerMs = answerMs;
  }

  /** @throws {StoreError} when it may be tried again */
  async send(errand: ResultErrand, capabilities: Capabilities): Promise<void> {
    if (errand.action === "remove") {
      await this.#within(0, (signal) => this.#bucket.delete([errand.name], { signal }));
      return;
    }
    const parcel = this.#home.parcelOf(Uint8Array.from(Buffer.from(errand.row, "hex")));
    // A failure, which may have taken the place of the result meanwhile, is of this machine.
    if (parcel === undefined || parcel.entry.threw) return;
    try {
      await this.#publish(parcel, errand.replaces, capabilities);
    } catch (error) {
      // It was removed, or computed anew, before its turn came.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  async #publish(parcel: Parcel, replaces: Replaces, capabilities: Capabilities): Promise<void> {
    await requireSound(parcel);
    const name = objectName(parcel.address);
    const mayBeThere = replaces === "nothing" && !isOneRequest(parcel, capabilities);
    if (mayBeThere && (await this.#isThere(name))) return;
    if (isSingle(parcel)) {
      await this.#put(name, await encodeSingle(parcel, this.#home), replaces, capabilities);
      return;
    }
    const sides = parcel.files.map((_, n) => sideName(parcel.address, parcel.entry.stamp, n));
    const digests: string[] = [];
    for (const [n, file] of parcel.files.entries()) {
      digests.push(await this.#upload(sides[n] as string, file));
    }
    const isOurs = await this.#put(name, encodeIndex(parcel, digests), replaces, capabilities);
    // The result that is there has files of its own.
    if (!isOurs) await this.#discard(sides);
  }

  /** Who may not delete, leaves them to the collection. */
  async #discard(names: readonly string[]): Promise<void> {
    try {
      await this.#within(0, (signal) => this.#bucket.delete(names, { signal }));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  /** Whether it is there now, and was not before. @throws {StoreError} when that is not known */
  async #put(
    name: string,
    bytes: Uint8Array,
    replaces: Replaces,
    capabilities: Capabilities,
  ): Promise<boolean> {
    const condition = conditionOf(replaces, capabilities);
    const metadata = this.#seal.fieldsFor(name, bytes);
    const put = await this.#within(bytes.byteLength, (signal) =>
      this.#bucket.put(name, bytes, { metadata, signal, ...(condition && { condition }) }),
    );
    if (put.outcome === "written") return true;
    // What is there may be ours, whose answer was lost: its files are not to be removed then.
    if (put.outcome === "refused") return this.#isOurs(name, metadata);
    if (put.outcome === "unknown" && (await this.#isOurs(name, metadata))) return true;
    throw new StoreError(
      "write",
      this.#bucket.url + name,
      new Error("it is not known to be there"),
    );
  }

  async #isOurs(name: string, metadata: { readonly [field: string]: string }): Promise<boolean> {
    const head = await this.#within(0, (signal) => this.#bucket.head(name, { signal }));
    if (head === undefined) return false;
    return Object.entries(metadata).every(([field, value]) => head.metadata[field] === value);
  }

  async #isThere(name: string): Promise<boolean> {
    return (await this.#within(0, (signal) => this.#bucket.head(name, { signal }))) !== undefined;
  }

  /** @returns the digest of the file */
  async #upload(name: string, path: string): Promise<string> {
    const digester = this.#seal.digester();
    async function* pieces() {
      for await (const piece of fs.createReadStream(path, { highWaterMark: READ_BYTES })) {
        digester.update(piece);
        yield piece as Uint8Array;
      }
    }
    const { size } = await fs.promises.stat(path);
    await this.#within(size, (signal) => this.#bucket.upload(name, pieces(), { signal }));
    return digester.digest();
  }

  #within<T>(bytes: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = patienceMs(this.#answerMs, bytes);
    return within(ms, this.#bucket.url, undefined, ({ signal }) => ask(signal));
  }
}

/** What a disk has spoilt is not handed on. @throws an `Error` that says what is wrong */
async function requireSound({ entry, files }: Parcel): Promise<void> {
  for (const [n, file] of files.entries()) {
    const fault = await findObjectFault(file, entry.arrays[n] as FileArray, () => undefined);
    if (fault !== undefined) throw new Error(`${file} is damaged: ${fault}`);
  }
}

/** Whether sending it takes one request, which finds out by itself that it is there already. */
function isOneRequest(parcel: Parcel, { create }: Capabilities): boolean {
  return create === "atomic" && isSingle(parcel);
}

function conditionOf(
  replaces: Replaces,
  { create, replace }: Capabilities,
): PutCondition | undefined {
  if (replaces === "nothing") return create === "atomic" ? "absent" : undefined;
  return replaces === "anything" || replace !== "atomic" ? undefined : replaces;
}
