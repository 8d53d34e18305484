/**
 * Storing a result: first its files, whole and under their names, then the row that makes it exist.
 * Whoever is killed in between leaves files that no row speaks of.
 */
import fs from "node:fs";
import type { Address } from "./address.ts";
import { bytesOnDisk } from "./books.ts";
import { type Draft, fileArray, type Job, type StoreOptions, splitDraft } from "./draft.ts";
import { type Entry, encodeEntry, type FileArray } from "./entry.ts";
import { requireFit } from "./limits.ts";
import type { Layout } from "./location.ts";
import { writeObject, writeObjectSync } from "./object-file.ts";
import { makeFolders } from "./publication.ts";
import { removeFilesOf } from "./removal.ts";
import type { Rows } from "./rows.ts";
import type { Upkeep } from "./upkeep.ts";

export class Storing {
  readonly #layout: Layout;
  readonly #rows: Rows;
  readonly #upkeep: Upkeep;
  readonly #options: StoreOptions;

  constructor(layout: Layout, rows: Rows, upkeep: Upkeep, options: StoreOptions) {
    this.#layout = layout;
    this.#rows = rows;
    this.#upkeep = upkeep;
    this.#options = options;
  }

  /** Stores a result, in the place of an earlier one. @throws {StoreError} or the system's error */
  writeSync(address: Address, draft: Draft): void {
    const { jobs, entryWith } = splitDraft(this.#layout, this.#options, address, draft);
    try {
      const files = jobs.map((job) => {
        makeFolders(job.to);
        return fileArray(job, writeObjectSync(job.to, job.plan));
      });
      this.#commit(address, entryWith(files), draft.isPinned);
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** {@link writeSync} off the main thread. REQUIRES: the arrays stay as they are until then. */
  async write(address: Address, draft: Draft): Promise<void> {
    const { jobs, entryWith } = splitDraft(this.#layout, this.#options, address, draft);
    try {
      const files: FileArray[] = [];
      for (const job of jobs) {
        makeFolders(job.to);
        files.push(fileArray(job, await writeObject(job.to, job.plan)));
      }
      this.#commit(address, entryWith(files), draft.isPinned);
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** Makes the result exist; the files of the one that it replaces go. */
  #commit(address: Address, entry: Entry, isPinned: boolean): void {
    const row = encodeEntry(entry);
    requireFit(this.#options.limits, address.name, bytesOnDisk(entry, row.byteLength));
    const replaced = this.#rows.store(address.row, row, entry, isPinned);
    // Who rebuilds the index meanwhile may have found these very files.
    const isOther = replaced !== undefined && replaced.stamp !== entry.stamp;
    if (isOther) this.#removeReplaced(address, replaced);
    this.#upkeep.stored();
  }

  /** The new result is there, and does not go because the old one's files cannot. */
  #removeReplaced(address: Address, replaced: Entry): void {
    try {
      removeFilesOf(this.#layout, address, replaced);
    } catch {
      // They are litter, as after a kill.
    }
  }
}

/** Of a result that did not come to be. */
function removeFiles(jobs: readonly Job[]): void {
  for (const { to } of jobs) fs.rmSync(to.path, { force: true });
}
