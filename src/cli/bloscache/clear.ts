/** `bloscache clear`. */
import { createInterface } from "node:readline/promises";
import type { Memory } from "../../cache/memory.ts";
import type { CacheUsage } from "../../cache/usage.ts";
import { CliError, EXIT_USAGE } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { chooseFunction, chooseResult } from "./choice.ts";
import { openCache, openForChange } from "./open-cache.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { plural, shortId, shortKey } from "./words.ts";

interface ClearOptions extends GlobalOptions {
  readonly key?: string;
  readonly tag?: string;
  readonly yes?: true;
}

/** What is to be removed. */
interface Target {
  /** In words: `"all results"`. */
  readonly name: string;
  readonly count: number;
  /** Bytes of its files. */
  readonly cbytes: number;
  /** Rows; they and the litter go when everything does. */
  readonly damaged: number;
  /** Files that no result speaks of. */
  readonly litter: CacheUsage["litter"];
  /** Removes it: how many results. */
  readonly remove: (memory: Memory) => number;
}

const NO_LITTER = { files: 0, cbytes: 0 };
const NOTHING_ELSE = { damaged: 0, litter: NO_LITTER };

export async function clear(
  session: Session,
  [text]: [string | undefined],
  options: ClearOptions,
): Promise<void> {
  if (options.key !== undefined && (text !== undefined || options.tag !== undefined)) {
    throw new CliError("a --key says all: name no function and no --tag beside it", EXIT_USAGE);
  }
  if (options.yes !== true && !isOnTerminal()) {
    throw new CliError("there is no terminal to ask on: clear needs --yes", EXIT_USAGE);
  }
  const cache = openCache(options);
  const target = await targetOf(cache.memory, text, options);
  const isEmpty = target.count === 0 && restOf(target) === 0;
  if (options.yes !== true && !isEmpty) await confirm(target, session);
  const removed = isEmpty ? 0 : target.remove(openForChange(cache));
  // What went wrong has been told as a warning.
  if (removed === 0 && target.count > 0) throw new CliError("nothing was removed");
  // Files that are just being written stay.
  const left = restOf(target) === 0 ? NO_LITTER : (await cache.memory.usage()).litter;
  const rest = restOf(target) - left.files;
  const cbytes = target.cbytes + target.litter.cbytes - left.cbytes;
  if (options.json === true) await printJson({ removed, rest, cbytes });
  else {
    const what = `${plural(removed, "result")}${inWords(rest)}`;
    await print(`removed ${what}, ${prettySize(cbytes)} of files`);
  }
}

function restOf({ damaged, litter }: Target): number {
  return damaged + litter.files;
}

function inWords(rest: number): string {
  return rest === 0
    ? ""
    : ` and ${rest.toLocaleString("en-US")} damaged rows or files of no result`;
}

async function targetOf(
  memory: Memory,
  text: string | undefined,
  { key, tag }: ClearOptions,
): Promise<Target> {
  if (key !== undefined) {
    const handle = chooseResult(memory, key);
    const info = handle.info();
    return {
      name: `the result ${shortKey(handle.key)} of ${shortId(handle.id)}`,
      count: 1,
      ...NOTHING_ELSE,
      cbytes: info === undefined || info.files.length === 0 ? 0 : info.cbytes,
      remove: (writable) => (writable.unshelve(handle.toJSON()).clear() ? 1 : 0),
    };
  }
  const id = text === undefined ? undefined : chooseFunction(memory, text);
  let count = 0;
  let cbytes = 0;
  const choice = { ...(id === undefined ? {} : { id }), ...(tag === undefined ? {} : { tag }) };
  for (const info of memory.entries(choice)) {
    count++;
    if (info.files.length > 0) cbytes += info.cbytes;
  }
  const whose = id === undefined ? "" : ` of ${printable(id)}`;
  const tagged = tag === undefined ? "" : ` with the tag ${printable(tag)}`;
  const name = `${plural(count, "result")}${whose}${tagged}`;
  const remove = (writable: Memory) => writable.clear(choice);
  if (id !== undefined || tag !== undefined)
    return { name, count, cbytes, ...NOTHING_ELSE, remove };
  const { litter } = await memory.usage();
  const damaged = memory.damagedRows();
  const whole = `${name}${inWords(damaged + litter.files)}`;
  return { name: whole, count, cbytes, damaged, litter, remove };
}

function isOnTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

async function confirm({ name, cbytes, litter }: Target, { signal }: Session): Promise<void> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  // Otherwise Ctrl-C would only end the dialogue.
  dialogue.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  // The end of the input is an answer too, of which `question` says nothing.
  const ended = new Promise<string>((resolve) => dialogue.once("close", () => resolve("")));
  try {
    const question = `Remove ${name}, ${prettySize(cbytes + litter.cbytes)} of files? [y/N] `;
    const answer = await Promise.race([dialogue.question(question, { signal }), ended]);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    dialogue.close();
  }
  throw new CliError("nothing was removed");
}
