/** What the command says while it works: lines that start with its name, as the reference's do. */
import { speaker } from "./failure.ts";

export type Verbosity = "normal" | "verbose" | "debug";

const LEVELS: readonly Verbosity[] = ["normal", "verbose", "debug"];

export class Report {
  readonly #level: number;
  #stream: NodeJS.WriteStream = process.stdout;

  constructor(verbosity: Verbosity) {
    this.#level = LEVELS.indexOf(verbosity);
  }

  /** Sends what follows to stderr, because stdout carries data. */
  leaveStdout(): void {
    this.#stream = process.stderr;
  }

  normal(text: string): void {
    this.#print(text);
  }

  /** Whether it is worth finding out what only {@link verbose} tells. */
  get isVerbose(): boolean {
    return this.#level >= 1;
  }

  verbose(text: string): void {
    if (this.#level >= 1) this.#print(text);
  }

  debug(text: string): void {
    if (this.#level >= 2) this.#print(text);
  }

  #print(text: string): void {
    for (const line of text.split("\n")) this.#stream.write(`${speaker}: ${line}\n`);
  }
}
