/**
 * Storing a result: first its files, whole and under their names, then the row that makes it exist.
 * Whoever is killed in between leaves files that no row speaks of.
 */
import fs from "node:fs";
import type { ByteSink } from "../format/sink.ts";
import { type Address, objectPath } from "./address.ts";
import { bytesOnDisk } from "./books.ts";
import { type Draft, fileArray, type Job, type StoreOptions, splitDraft } from "./draft.ts";
import { type Entry, encodeEntry, type FileArray } from "./entry.ts";
import type { GroupCommit, Keeper } from "./group-commit.ts";
import { requireFit } from "./limits.ts";
import type { Layout } from "./location.ts";
import { writeObject, writeObjectSync } from "./object-file.ts";
import { makeFolders, publish } from "./publication.ts";
import { removeFilesOf } from "./removal.ts";
import type { Arrival, Replaced } from "./rows.ts";

export class Storing {
  readonly #layout: Layout;
  readonly #keeper: Keeper;
  readonly #commits: GroupCommit;
  readonly #options: StoreOptions;

  constructor(layout: Layout, keeper: Keeper, commits: GroupCommit, options: StoreOptions) {
    this.#layout = layout;
    this.#keeper = keeper;
    this.#commits = commits;
    this.#options = options;
  }

  /** Stores a result, in the place of an earlier one. @throws {StoreError} or the system's error */
  writeSync(address: Address, draft: Draft): void {
    const { jobs, entry } = splitDraft(this.#layout, this.#options, address, draft);
    try {
      const files = jobs.map((job) => {
        makeFolders(job.to);
        return fileArray(job, writeObjectSync(job.to, job.plan));
      });
      const arrival = this.#arrival(address, withFiles(entry, files), draft.isPinned);
      this.#commits.flush();
      const replaced = this.#keeper.rows.store(arrival);
      this.#keeper.upkeep.stored();
      this.#removeReplaced(address, arrival, replaced);
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /**
   * {@link writeSync} off the main thread; the row is committed with others. It may throw at once.
   * REQUIRES: arrays of which files are made stay as they are until then.
   */
  write(address: Address, draft: Draft): Promise<void> {
    const { jobs, entry } = splitDraft(this.#layout, this.#options, address, draft);
    return jobs.length === 0
      ? this.#commit(address, entry, draft.isPinned)
      : this.#writeFiles(address, jobs, entry, draft.isPinned);
  }

  async #writeFiles(
    address: Address,
    jobs: readonly Job[],
    entry: Entry,
    isPinned: boolean,
  ): Promise<void> {
    try {
      const files: FileArray[] = [];
      for (const job of jobs) {
        makeFolders(job.to);
        files.push(fileArray(job, await writeObject(job.to, job.plan)));
      }
      await this.#commit(address, withFiles(entry, files), isPinned);
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /**
   * Stores a result that was computed elsewhere, in the place of an earlier one.
   *
   * @param entry its row, under a stamp of its own
   * @param fills what its files are filled by, one for each array that has one
   * @returns whether it is still wanted, and so stored
   * @throws what these throw, {@link StoreError} or the system's error
   */
  async adopt(
    address: Address,
    entry: Entry,
    fills: readonly ((sink: ByteSink) => Promise<void>)[],
    { isPinned, isWanted }: { readonly isPinned: boolean; readonly isWanted: () => boolean },
  ): Promise<boolean> {
    const { durability } = this.#options;
    const paths = fills.map((_, n) => objectPath(this.#layout, address, entry.stamp, n));
    try {
      for (const [n, fill] of fills.entries()) {
        const path = paths[n] as string;
        const to = { path, temporary: this.#layout.tmp, durability, mode: 0o600 };
        makeFolders(to);
        await publish(to, fill);
      }
      // Nothing comes between this and the commit, for whoever removes results has commits made first.
      if (isWanted()) {
        await this.#commit(address, entry, isPinned);
        return true;
      }
    } catch (error) {
      removeAll(paths);
      throw error;
    }
    removeAll(paths);
    return false;
  }

  #commit(address: Address, entry: Entry, isPinned: boolean): Promise<void> {
    const arrival = this.#arrival(address, entry, isPinned);
    return this.#commits.store(this.#keeper, arrival, (replaced) => {
      this.#removeReplaced(address, arrival, replaced);
    });
  }

  /** The row that makes the result exist. @throws {StoreError} when it is too large for the cache */
  #arrival({ row: key, name }: Address, entry: Entry, isPinned: boolean): Arrival {
    const row = encodeEntry(entry);
    requireFit(this.#options.limits, name, bytesOnDisk(entry, row.byteLength));
    return { key, entry, row, isPinned };
  }

  /** The new result is there, and does not go because the old one's files cannot. */
  #removeReplaced(address: Address, { entry }: Arrival, { entry: replaced }: Replaced): void {
    // Who rebuilds the index meanwhile may have found these very files.
    if (replaced === undefined || replaced.stamp === entry.stamp) return;
    try {
      removeFilesOf(this.#layout, address, replaced);
    } catch {
      // They are litter, as after a kill.
    }
  }
}

function withFiles(entry: Entry, files: readonly FileArray[]): Entry {
  return files.length === 0 ? entry : { ...entry, arrays: files };
}

/** Of a result that did not come to be. */
function removeFiles(jobs: readonly Job[]): void {
  removeAll(jobs.map(({ to }) => to.path));
}

function removeAll(paths: readonly string[]): void {
  for (const path of paths) fs.rmSync(path, { force: true });
}
