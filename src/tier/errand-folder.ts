/**
 * Errands on disk, so that they are done after a restart if not before:
 *
 *     <folder>/<process>/lock        locked by who adds to it, as long as that is so
 *     <folder>/<process>/<row>.json  an errand
 *
 * Who finds the folder of somebody who is gone takes over what is in it.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { RangeLock } from "../blosc/range-lock.ts";
import { type Errand, merged, parseErrand } from "./errands.ts";

const LOCK = "lock";

/** An errand of somebody who is gone. */
interface Left {
  readonly path: string;
  readonly errand: Errand;
  readonly mtimeMs: number;
}

export class ErrandFolder {
  readonly #folder: string;
  #own: string | undefined;
  #lock: RangeLock | undefined;

  /** @param folder made when there is something to keep */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws the system's error */
  keep(errand: Errand): void {
    const path = join(this.#open(), `${errand.row}.json`);
    // A kill in between must not cost the errand that stands there.
    fs.writeFileSync(`${path}.tmp`, JSON.stringify(errand), { mode: 0o600 });
    fs.renameSync(`${path}.tmp`, path);
  }

  /** @throws the system's error */
  forget(row: string): void {
    if (this.#own !== undefined) fs.rmSync(join(this.#own, `${row}.json`), { force: true });
  }

  /** What is kept of a result, by anybody; the first that is found. */
  find(row: string): Errand | undefined {
    for (const name of namesIn(this.#folder)) {
      const errand = readErrand(join(this.#folder, name, `${row}.json`));
      if (errand !== undefined) return errand;
    }
    return undefined;
  }

  /**
   * Takes over what was left by those who are gone, the oldest first.
   *
   * @param onFault told why something stays where it is
   */
  takeOver(onFault: (error: unknown) => void): Errand[] {
    const taken = new Map<string, Errand>();
    for (const name of namesIn(this.#folder)) {
      const folder = join(this.#folder, name);
      if (folder === this.#own) continue;
      let lock: RangeLock | undefined;
      try {
        lock = new RangeLock(join(folder, LOCK));
        if (lock.tryLock(0)) this.#moveFrom(folder, taken);
      } catch (error) {
        onFault(error);
      } finally {
        lock?.close();
      }
    }
    return [...taken.values()];
  }

  #moveFrom(folder: string, taken: Map<string, Errand>): void {
    const left = namesIn(folder).flatMap((file) => leftAt(join(folder, file)));
    left.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { path, errand } of left) {
      const whole = merged(taken.get(errand.row), errand);
      if (whole === errand) fs.renameSync(path, join(this.#open(), `${errand.row}.json`));
      else this.keep(whole);
      taken.set(errand.row, whole);
    }
    fs.rmSync(folder, { recursive: true, force: true });
  }

  /** Lets others take over what is kept. */
  close(): void {
    this.#lock?.close();
    this.#lock = undefined;
    this.#own = undefined;
  }

  /** The folder of its own, which somebody may have deleted with the whole cache. */
  #open(): string {
    if (this.#own !== undefined && fs.existsSync(this.#own)) return this.#own;
    this.close();
    const own = join(this.#folder, randomUUID());
    fs.mkdirSync(own, { recursive: true, mode: 0o700 });
    const lock = new RangeLock(join(own, LOCK));
    // Who took it for that of a process that is gone has removed it, or is about to.
    if (!lock.tryLock(0)) {
      lock.close();
      throw new Error(`The folder ${own} was taken over`);
    }
    this.#lock = lock;
    this.#own = own;
    return own;
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // nothing was ever kept, or it is somebody's file
  }
}

function leftAt(path: string): Left[] {
  const errand = path.endsWith(".json") ? readErrand(path) : undefined;
  return errand === undefined ? [] : [{ path, errand, mtimeMs: fs.statSync(path).mtimeMs }];
}

function readErrand(path: string): Errand | undefined {
  try {
    return parseErrand(fs.readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
