/**
 * Syncs the index behind the caller's back: commits go to memory at once and to the disk about a
 * second later, in one sync for all of them. From the first unsynced commit until that sync a mark
 * stands, by which the next boot knows that the index may be torn.
 */
import fs from "node:fs";
import { Mark, orphanedMarks } from "./index-marks.ts";

const DELAY_MS = 1000;

/** Those with commits that the disk may not have yet. */
const unsynced = new Set<IndexSync>();

/** Processes that end within the delay are the rule: scripts. */
function syncAllAtExit(): void {
  for (const sync of unsynced) sync.syncNow();
}

export class IndexSync {
  readonly #marks: string;
  readonly #fd: number;
  #mark: Mark | undefined;
  #commits = 0;
  /** What waits for each of the commits that are under way off this thread. */
  readonly #underway = new Set<() => unknown>();

  /** @param dataFile of the index */
  constructor(marks: string, dataFile: string) {
    this.#marks = marks;
    // A sync of any descriptor is a sync of the file.
    this.#fd = fs.openSync(dataFile, "r+");
    this.#adoptOrphans();
  }

  /** Syncs what killed processes left unsynced, so that their marks do not outlive the boot. */
  #adoptOrphans(): void {
    const orphans = orphanedMarks(this.#marks);
    if (orphans.length === 0) return;
    fs.fdatasync(this.#fd, (error) => {
      if (error === null) for (const path of orphans) fs.rm(path, { force: true }, () => undefined);
    });
  }

  /** To be called before every commit. */
  beforeCommit(): void {
    this.#commits++;
    if (this.#mark !== undefined) return;
    this.#mark = Mark.make(this.#marks, "unsynced");
    if (unsynced.size === 0) process.once("exit", syncAllAtExit);
    unsynced.add(this);
    this.#schedule();
  }

  /** A commit is under way off this thread. @param finish waits for it */
  watch(done: Promise<unknown>, finish: () => unknown): void {
    this.#underway.add(finish);
    const end = () => {
      this.#underway.delete(finish);
      // A sync that has begun meanwhile may have come too early for it.
      this.#commits++;
    };
    done.then(end, end);
  }

  #schedule(): void {
    setTimeout(this.#sync, DELAY_MS).unref();
  }

  readonly #sync = (): void => {
    const seen = this.#commits;
    fs.fdatasync(this.#fd, (error) => {
      // A failed sync keeps the mark: the next boot will not trust what may not be there.
      const isAll = this.#commits === seen && this.#underway.size === 0;
      if (error === null && isAll) this.#settle();
      else this.#schedule();
    });
  };

  /** Syncs, where there is something to sync, while everybody waits. */
  syncNow(): void {
    if (this.#mark === undefined) return;
    for (const finish of this.#underway) finishQuietly(finish);
    try {
      fs.fdatasyncSync(this.#fd);
      this.#settle();
    } catch {
      // The mark stays.
    }
  }

  #settle(): void {
    this.#mark?.remove();
    this.#mark = undefined;
    unsynced.delete(this);
    if (unsynced.size === 0) process.removeListener("exit", syncAllAtExit);
  }
}

/** Who waits for a commit that fails is told by it. */
function finishQuietly(finish: () => unknown): void {
  try {
    finish();
  } catch {
    // It is not there to be synced.
  }
}
