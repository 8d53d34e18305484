/** What is yet to be sent: a few at a time, again and again as long as the bucket refuses, and from disk after a restart. */
import { messageOf, StoreError } from "../errors.ts";
import { ErrandFolder } from "./errand-folder.ts";
import { type Errand, merged, removes } from "./errands.ts";

/** Beyond so many, results are kept on this machine alone. */
const LIMIT = 1000;
const UNDER_WAY = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

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
  readonly #folder: ErrandFolder;
  readonly #post: Post;
  readonly #waiting = new Map<string, Pending>();
  readonly #underway = new Map<string, { errand: Errand; sent: Promise<void> }>();
  #pauseMs = FIRST_PAUSE_MS;
  /** While nothing is sent, as the bucket has refused. */
  #pause: NodeJS.Timeout | undefined;
  #isEnded = false;

  /** @param folder absolute path; made when there is something to keep */
  constructor(folder: string, post: Post) {
    this.#folder = new ErrandFolder(folder);
    this.#post = post;
    const left = this.#folder.takeOver((error) =>
      this.#warn("SHARED_QUEUE_LOST", error, "What another process left is not sent"),
    );
    for (const errand of left) void this.#enqueue(errand);
  }

  /** Whether what the bucket has of a result is still to be removed, by whichever process of the folder. */
  isDoomed(row: string): boolean {
    return removes(this.#known(row) ?? this.#folder.find(row));
  }

  #known(row: string): Errand | undefined {
    return this.#waiting.get(row)?.errand ?? this.#underway.get(row)?.errand;
  }

  /** Keeps an errand until it is done; resolves when that is so, or it is put off. */
  add(given: Errand): Promise<void> {
    const { row } = given;
    const waiting = this.#waiting.get(row)?.errand;
    // What a series under way brings there anew is of use as soon as it is there.
    const isGoing = waiting === undefined && this.#underway.get(row)?.errand.action === "extend";
    const errand = merged(isGoing ? undefined : this.#known(row), given);
    const isFull = this.#waiting.size >= LIMIT && waiting === undefined;
    // A result that is not sent costs time; one that is not removed would come back.
    if (isFull && !removes(errand)) {
      const why = new Error(`${LIMIT} results wait to be sent to the shared tier`);
      this.#warn("SHARED_QUEUE_FULL", why, "More are kept on this machine only");
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
      if (this.#pause === undefined) this.#sendNext();
      else done();
    });
  }

  /** Resolves when nothing is left, or nothing can be sent for now. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) {
      await Promise.all(Array.from(this.#underway.values(), ({ sent }) => sent));
    }
  }

  /** Sends nothing more: what waits is on disk, for who comes next. What is under way goes on. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#pause);
    for (const { done } of this.#waiting.values()) done();
    this.#waiting.clear();
    if (this.#underway.size === 0) this.#folder.close();
  }

  #sendNext(): void {
    for (const [row, pending] of this.#waiting) {
      if (this.#pause !== undefined || this.#underway.size >= UNDER_WAY) return;
      if (this.#underway.has(row)) continue;
      this.#waiting.delete(row);
      const sent = this.#send(row, pending).finally(() => {
        this.#underway.delete(row);
        if (this.#isEnded && this.#underway.size === 0) this.#folder.close();
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
      const fate = isLater ? "Results wait on this machine to be sent" : "The result is not shared";
      this.#warn("SHARED_UNSENT", error, fate);
      if (isLater) this.#putOff(row, errand);
      else this.#forget(row);
    } finally {
      done();
    }
  }

  #putOff(row: string, errand: Errand): void {
    if (this.#isEnded) return;
    const { errand: later, done = () => undefined } = this.#waiting.get(row) ?? {};
    this.#waiting.set(row, { errand: later ? merged(errand, later) : errand, done });
    if (this.#pause !== undefined) return;
    const goOn = () => {
      this.#pause = undefined;
      this.#sendNext();
    };
    // What is left is sent by the next process: this one may end.
    this.#pause = setTimeout(goOn, this.#pauseMs * (0.75 + Math.random() / 2)).unref();
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    for (const waiting of this.#waiting.values()) waiting.done();
  }

  /** On a disk that refuses, it is kept in memory. */
  #keep(errand: Errand): void {
    try {
      this.#folder.keep(errand);
    } catch (error) {
      const fate = "What is not sent before this process ends is not sent";
      this.#warn("SHARED_QUEUE_LOST", error, fate);
    }
  }

  #forget(row: string): void {
    if (this.#waiting.has(row)) return;
    try {
      this.#folder.forget(row);
    } catch (error) {
      this.#warn("SHARED_QUEUE_LOST", error, "It is sent again by the next process");
    }
  }

  #warn(code: string, error: unknown, fate: string): void {
    this.#post.warn(code, `${messageOf(error)}. ${fate}.`);
  }
}
