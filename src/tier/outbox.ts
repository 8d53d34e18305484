/**
 * What is yet to be sent, in a folder, so that it is sent after a restart if not before:
 *
 *     outbox/<process>/lock        locked by the process as long as it lives
 *     outbox/<process>/<row>.json  an errand
 *
 * Who finds the folder of a process that is gone takes over what is in it.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { RangeLock } from "../blosc/range-lock.ts";
import { messageOf, StoreError } from "../errors.ts";
import type { ResultErrand } from "./sending.ts";
import type { SeriesErrand } from "./series-sending.ts";

/** Beyond so many, results are kept on this machine alone. */
const LIMIT = 1000;
const UNDER_WAY = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
const LOCK = "lock";

/** Something to be sent. */
export type Errand = ResultErrand | SeriesErrand;

const ACTIONS = ["publish", "remove", "extend", "forget"];

interface Post {
  /** @throws {StoreError} when it may be tried again */
  send(errand: Errand): Promise<void>;
  warn(code: string, message: string): void;
}

interface Pending {
  readonly errand: Errand;
  /** Told when it is sent, given up or put off. */
  readonly done: () => void;
}

export class Outbox {
  readonly #folder: string;
  readonly #own: string;
  readonly #post: Post;
  /** By row: of two errands of one result the later counts. */
  readonly #waiting = new Map<string, Pending>();
  readonly #underway = new Map<string, { errand: Errand; sent: Promise<void> }>();
  #lock: RangeLock | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isPaused = false;

  /** @param folder made when there is something to keep */
  constructor(folder: string, post: Post) {
    this.#folder = folder;
    this.#own = join(folder, randomUUID());
    this.#post = post;
    this.#takeOver();
  }

  /** Whether what the bucket has of a result is still to be removed. */
  isDoomed(row: string): boolean {
    return removes(this.#waiting.get(row)?.errand ?? this.#underway.get(row)?.errand);
  }

  get isEmpty(): boolean {
    return this.#waiting.size + this.#underway.size === 0;
  }

  /** Keeps an errand until it is done; resolves when that is so, or it is put off. */
  add(given: Errand): Promise<void> {
    const before = this.#waiting.get(given.row)?.errand ?? this.#underway.get(given.row)?.errand;
    // What a series under way brings there anew is of use as soon as it is there.
    const isGoing = before?.action === "extend" && !this.#waiting.has(given.row);
    const errand = removes(before) && !isGoing ? insteadOfWhatIsThere(given) : given;
    if (this.#waiting.size >= LIMIT && !this.#waiting.has(errand.row)) {
      this.#post.warn(
        "SHARED_QUEUE_FULL",
        `${LIMIT} results wait to be sent to the shared tier. More are kept on this machine only.`,
      );
      return Promise.resolve();
    }
    this.#keep(errand);
    return this.#enqueue(errand);
  }

  #enqueue(errand: Errand): Promise<void> {
    const { row } = errand;
    this.#waiting.get(row)?.done();
    return new Promise((done) => {
      this.#waiting.set(row, { errand, done });
      this.#sendNext();
    });
  }

  /** Resolves when nothing is left, or nothing can be sent for now. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) {
      await Promise.all(Array.from(this.#underway.values(), ({ sent }) => sent));
    }
  }

  #sendNext(): void {
    for (const [row, pending] of this.#waiting) {
      if (this.#isPaused || this.#underway.size >= UNDER_WAY) return;
      if (this.#underway.has(row)) continue;
      this.#waiting.delete(row);
      const sent = this.#send(row, pending).finally(() => {
        this.#underway.delete(row);
        this.#sendNext();
      });
      this.#underway.set(row, { errand: pending.errand, sent });
    }
  }

  async #send(row: string, { errand, done }: Pending): Promise<void> {
    try {
      await this.#post.send(errand);
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#forget(row);
    } catch (error) {
      const isLater = error instanceof StoreError;
      if (isLater) this.#putOff(row, errand);
      else this.#forget(row);
      const fate = isLater ? "Results wait on this machine to be sent" : "The result is not shared";
      this.#post.warn("SHARED_UNSENT", `${messageOf(error)}. ${fate}.`);
    } finally {
      done();
    }
  }

  #putOff(row: string, errand: Errand): void {
    const { errand: later, done = () => undefined } = this.#waiting.get(row) ?? {};
    const next = later && removes(errand) ? insteadOfWhatIsThere(later) : (later ?? errand);
    this.#waiting.set(row, { errand: next, done });
    if (this.#isPaused) return;
    this.#isPaused = true;
    const goOn = () => {
      this.#isPaused = false;
      this.#sendNext();
    };
    // What is left is sent by the next process: this one may end.
    setTimeout(goOn, this.#pauseMs * (0.75 + Math.random() / 2)).unref();
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  /** On a disk that refuses, it is kept in memory. */
  #keep(errand: Errand): void {
    try {
      this.#open();
      fs.writeFileSync(this.#fileOf(errand.row), JSON.stringify(errand), { mode: 0o600 });
    } catch (error) {
      this.#post.warn(
        "SHARED_QUEUE_LOST",
        `${messageOf(error)}. What is not sent before this process ends is not sent.`,
      );
    }
  }

  #forget(row: string): void {
    if (!this.#waiting.has(row)) fs.rmSync(this.#fileOf(row), { force: true });
  }

  #fileOf(row: string): string {
    return join(this.#own, `${row}.json`);
  }

  #open(): void {
    if (this.#lock !== undefined && fs.existsSync(this.#own)) return;
    fs.mkdirSync(this.#own, { recursive: true, mode: 0o700 });
    this.#lock = new RangeLock(join(this.#own, LOCK));
    // Who took it for that of a process that is gone has removed it, or is about to.
    if (!this.#lock.tryLock(0)) throw new Error(`The folder ${this.#own} was taken over`);
  }

  /** What processes have left that are gone. */
  #takeOver(): void {
    for (const name of foldersIn(this.#folder)) {
      const folder = join(this.#folder, name);
      let lock: RangeLock | undefined;
      try {
        lock = new RangeLock(join(folder, LOCK));
        if (lock.tryLock(0)) this.#adopt(folder);
      } catch (error) {
        this.#post.warn(
          "SHARED_QUEUE_LOST",
          `${messageOf(error)}. What another process left is not sent.`,
        );
      } finally {
        lock?.close();
      }
    }
  }

  #adopt(folder: string): void {
    for (const file of fs.readdirSync(folder)) {
      const errand = readErrand(join(folder, file));
      if (errand === undefined) continue;
      this.#keep(errand);
      this.#enqueue(errand);
    }
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether what is there before is not to be there after it. */
function removes(errand: Errand | undefined): boolean {
  if (errand?.action === "extend") return errand.anew;
  return errand?.action === "remove" || errand?.action === "forget";
}

/** What was to be removed may be there still. */
function insteadOfWhatIsThere(errand: Errand): Errand {
  if (errand.action === "publish") return { ...errand, replaces: "anything" };
  return errand.action === "extend" ? { ...errand, anew: true } : errand;
}

function foldersIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // nothing was ever kept
  }
}

/** `undefined` for what was cut off as it was written, and for what is none. */
function readErrand(path: string): Errand | undefined {
  try {
    const errand = JSON.parse(fs.readFileSync(path, "utf8")) as Partial<Errand>;
    const isErrand = ACTIONS.includes(String(errand.action));
    return isErrand && /^[0-9a-f]{48}$/.test(String(errand.row)) ? (errand as Errand) : undefined;
  } catch {
    return undefined;
  }
}
