/** Locks on single bytes of a file, between processes and threads. */
import { binding } from "./binding.ts";

/**
 * A lock file that is open, by one thread. Its bytes need not exist; whoever opens the file by
 * itself is somebody else. Offsets are whole numbers below 2^53 - 1. The system takes all locks
 * back when the thread or the process ends, in whatever way.
 *
 * Methods throw an `Error` with `errno` when the system refuses; none of them waits.
 */
export class RangeLock {
  /** `undefined` once it is closed: the number is given to another one. */
  #handle: number | undefined;

  /** @param path made if it is not there */
  constructor(path: string) {
    this.#handle = binding.rangeLockOpen(path);
  }

  /** Whether the byte is ours now; it may have been before. */
  tryLock(offset: number): boolean {
    return binding.rangeLockTry(this.#open(), offset);
  }

  unlock(offset: number): void {
    binding.rangeLockRelease(this.#open(), offset);
  }

  isHeldByOthers(offset: number): boolean {
    return binding.rangeLockIsHeld(this.#open(), offset);
  }

  /** Gives all its locks back. It is not to be used any more. */
  close(): void {
    binding.rangeLockClose(this.#open());
    this.#handle = undefined;
  }

  #open(): number {
    if (this.#handle === undefined) throw new TypeError("The lock file has been closed");
    return this.#handle;
  }
}
