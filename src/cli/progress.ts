/**
 * A progress bar on stderr, for work of more than a second that somebody is watching. Where stderr
 * is no terminal there is none, and the library that draws it is not even loaded.
 */
import type { SingleBar } from "cli-progress";
import { prettySize } from "./sizes.ts";

/** Work that is quicker shows nothing. */
const PATIENCE_MS = 1000;

export class Progress {
  readonly #label: string;
  readonly #start = performance.now();
  #bar: SingleBar | "loading" | undefined;
  #done = 0;
  #total: number | undefined;
  #stopped = false;

  constructor(label: string) {
    this.#label = label;
  }

  /** Says how many bytes are done by now, out of how many; `undefined` while nobody knows. */
  update(nbytes: number, total: number | undefined): void {
    this.#done = nbytes;
    this.#total = total;
    if (this.#bar === undefined) this.#considerBar();
    else if (this.#bar !== "loading") this.#bar.update(nbytes, this.#payload());
  }

  /** Wipes the bar away. */
  stop(): void {
    this.#stopped = true;
    if (this.#bar !== undefined && this.#bar !== "loading") this.#bar.stop();
    this.#bar = undefined;
  }

  #considerBar(): void {
    if (!process.stderr.isTTY || performance.now() - this.#start < PATIENCE_MS) return;
    this.#bar = "loading";
    import("cli-progress").then(
      ({ default: library }) => this.#show(library.SingleBar),
      () => undefined, // a bar is not worth a failure
    );
  }

  #show(Bar: typeof SingleBar): void {
    if (this.#stopped) return;
    const known = this.#total !== undefined;
    const bar = new Bar({
      format: known
        ? `${this.#label} {bar} {percentage}% | {size} | {speed} | {eta_formatted} left`
        : `${this.#label} {size} | {speed}`,
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      stream: process.stderr,
      // Otherwise the library takes the signal that the command itself has to clean up after.
      gracefulExit: false,
    });
    bar.start(this.#total ?? 0, this.#done, this.#payload());
    this.#bar = bar;
  }

  #payload(): { size: string; speed: string } {
    const seconds = (performance.now() - this.#start) / 1000;
    return { size: prettySize(this.#done), speed: `${prettySize(this.#done / seconds)}/s` };
  }
}
