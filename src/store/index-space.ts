/**
 * Disk space for the index, reserved before it is needed: lmdb-js corrupts its heap when a commit
 * meets a full disk, and that takes the process with it.
 */
import fs from "node:fs";
import { reserve } from "../blosc/codec.ts";

/** Always free behind the last page before a commit, bytes. */
const MARGIN = 2 * 1024 * 1024;
/** Reserved at a time, bytes. */
const STEP = 4 * 1024 * 1024;
/** Own writes after which the fill is measured again; other processes write too. */
const MEASURE_EVERY = 32 * 1024;
/** What a commit may write beside its row: copies of the pages above it, and the free list. */
const OVERHEAD = 16 * 1024;
/** Where space cannot be reserved, this much has to be free on the disk, bytes. */
const FREE_DISK = 64 * 1024 * 1024;

export class IndexSpace {
  readonly #fd: number;
  readonly #used: () => number;
  #reserved = 0;
  #unmeasured = Number.POSITIVE_INFINITY;

  /**
   * @param fd of the index's file
   * @param used measures how many of its bytes are in use
   */
  constructor(fd: number, used: () => number) {
    this.#fd = fd;
    this.#used = used;
  }

  /**
   * Makes sure that a row of `nbytes` can be committed.
   *
   * @throws the system's error (`ENOSPC`, `EDQUOT`) when there is no space
   */
  ensure(nbytes: number): void {
    this.#unmeasured += nbytes + OVERHEAD;
    if (this.#unmeasured < MEASURE_EVERY) return;
    const needed = this.#used() + nbytes + MARGIN;
    if (needed > this.#reserved) this.#reserve(needed);
    this.#unmeasured = 0;
  }

  #reserve(needed: number): void {
    const target = Math.ceil(needed / STEP) * STEP;
    try {
      reserve(this.#fd, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
      this.#requireFreeDisk();
      return;
    }
    this.#reserved = target;
  }

  #requireFreeDisk(): void {
    const { bavail, bsize } = fs.statfsSync(`/proc/self/fd/${this.#fd}`);
    if (bavail * bsize >= FREE_DISK) return;
    throw Object.assign(new Error(`less than ${FREE_DISK} bytes are free on the disk`), {
      code: "ENOSPC",
    });
  }
}
