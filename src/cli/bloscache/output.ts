/** Lines on stdout, in no more memory than a page of them. */
import { writeToStdout } from "../endpoints.ts";
import { printable } from "../printable.ts";

/** Characters that are written at a time. */
const PAGE = 64 * 1024;

export class Output {
  #page = "";

  /** Rejects with EPIPE when nobody reads any more. */
  async line(text: string): Promise<void> {
    this.#page += `${text}\n`;
    if (this.#page.length >= PAGE) await this.end();
  }

  async lines(texts: Iterable<string>): Promise<void> {
    for (const text of texts) await this.line(text);
  }

  /** What a program reads: one line of standard JSON. It may be a terminal's all the same. */
  json(value: unknown): Promise<void> {
    // What would steer one stands within strings only, where this is how JSON writes it too.
    return this.line(printable(JSON.stringify(value)));
  }

  /** Writes out what has not been. */
  async end(): Promise<void> {
    const page = this.#page;
    this.#page = "";
    if (page !== "") await writeToStdout(page);
  }
}

/** Prints a few lines. */
export async function print(...lines: readonly string[]): Promise<void> {
  const output = new Output();
  await output.lines(lines);
  await output.end();
}

/** Prints one JSON document. */
export async function printJson(value: unknown): Promise<void> {
  const output = new Output();
  await output.json(value);
  await output.end();
}
