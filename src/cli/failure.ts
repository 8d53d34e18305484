/** What a failure means outside: one line on stderr and an exit code. */
import { getSystemErrorMap } from "node:util";
import { CommanderError } from "commander";
import { BloscacheError, messageOf, StoreError } from "../errors.ts";
import { printable } from "./printable.ts";

/** What was asked for cannot be done. */
export const EXIT_FAILURE = 1;
/** The command line itself makes no sense. */
export const EXIT_USAGE = 2;

/** A failure with a message that is complete as it is. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILURE, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}

/** Runs `work` on a file; errors that do not say which file it was come out with its name. */
export async function blaming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BloscacheError) || error instanceof StoreError) throw error;
    throw new CliError(`'${name}': ${error.message}`, EXIT_FAILURE, { cause: error });
  }
}

let settled: unknown;

/**
 * Says what went wrong and sets the exit code; never throws. The process ends by itself. An error
 * may arrive twice, from who writes and from the stream: it is told once.
 */
export function settle(error: unknown): void {
  if (error === settled) return;
  settled = error;
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE; // it has printed its message
    return;
  }
  if (error instanceof Interrupted) {
    dieOf(error.signal);
    return;
  }
  process.exitCode = error instanceof CliError ? error.exitCode : EXIT_FAILURE;
  if (isBrokenPipe(error)) return;
  for (const line of explain(error).split("\n")) printError(line);
  if (debugging) process.stderr.write(`${stackOf(error)}\n`);
}

let debugging = false;

/** From now on failures come with their stack traces. */
export function showStacks(): void {
  debugging = true;
}

export function printError(line: string): void {
  process.stderr.write(`${speaker}: error: ${printable(line)}\n`);
}

/** The name of the command, in front of what it says. */
export let speaker = "";

/** To be called before anything can fail. */
export function speakAs(name: string): void {
  speaker = name;
}

/** The user or the system wants the command to end. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** Ends the process in the way that its parent expects of `signal`. */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
}

function explain(error: unknown): string {
  const text = systemText(error);
  if (text === undefined) return messageOf(error);
  const { path } = error as NodeJS.ErrnoException;
  if (path === undefined) return text;
  // A file is written under another name until it is complete.
  return `'${path.replace(/\.[0-9a-f]{32}\.tmp$/, "")}': ${text}`;
}

/** What an error of the system means, without the file; `undefined` for all others. */
export function systemText(error: unknown): string | undefined {
  const { errno, code } = error as NodeJS.ErrnoException;
  if (typeof errno !== "number") return undefined;
  const [, text] = getSystemErrorMap().get(errno) ?? [code, messageOf(error)];
  return `${text}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\nCaused by: ${stackOf(error.cause)}`;
  return `${error.stack}${cause}`;
}
