/** Locks on single bytes of a file, between processes and threads. */
import { binding } from "./binding.ts";

/**
 * A lock file that is open, by one thread. Its bytes need not exist; whoever opens the file by
 * itself is somebody else. The system takes all locks back when the thread or the process ends, in
 * whatever way.
 *
 * Methods throw an `Error` with `errno` when the system refuses; none of them waits.
 */
export class RangeLock {
  readonly #handle: number;

  /** @param path made if it is not there */
  constructor(path: string) {
    this.#handle = binding.rangeLockOpen(path);
  }

  /** Whether the byte is ours now; it may have been before. */
  tryLock(offset: number): boolean {
    return binding.rangeLockTry(this.#handle, offset);
  }

  unlock(offset: number): void {
    binding.rangeLockRelease(this.#handle, offset);
  }

  isHeldByOthers(offset: number): boolean {
    return binding.rangeLockIsHeld(this.#handle, offset);
  }
}
