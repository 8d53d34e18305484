/** `bloscache why MODULE#EXPORT`: asks a memoized function of the user's about a call. */
import fs from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Explanation } from "../../cache/explain.ts";
import { messageOf } from "../../errors.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE, Interrupted, settle } from "../failure.ts";
import { printable } from "../printable.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { tableOf } from "./table.ts";

/** What is needed of a memoized function; it may be of another copy of the library. */
interface Explains {
  explain(...args: readonly unknown[]): Explanation;
}

/**
 * Never throws, and ends the process: a module may have started what would go on for ever, such as
 * a server or a timer.
 *
 * @param text JSON of the arguments; none when it is not given
 */
export async function explainCall(
  call: string,
  text: string | undefined,
  { json }: GlobalOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const args = parseArguments(text);
    const at = call.lastIndexOf("#");
    const fn = await Promise.race([
      importFunction(call.slice(0, at), call.slice(at + 1)),
      rejection(signal),
    ]);
    const explanation = fn.explain(...args);
    if (json === true) await printJson(explanation);
    else await print(...describe(explanation));
  } catch (error) {
    settle(error);
    if (error instanceof Interrupted) return; // it ends by the signal
  }
  process.exit();
}

/** A module may wait for what never comes. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

function parseArguments(text: string | undefined): readonly unknown[] {
  if (text === undefined) return [];
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch (cause) {
    throw new CliError(`the arguments are not JSON: ${messageOf(cause)}`, EXIT_USAGE, { cause });
  }
  if (Array.isArray(args)) return args;
  throw new CliError(
    `the arguments must be a JSON array, such as '[1000, {"seed": 3}]'`,
    EXIT_USAGE,
  );
}

async function importFunction(file: string, path: string): Promise<Explains> {
  if (!fs.existsSync(file)) throw new CliError(`module '${file}' does not exist!`);
  const exported = await importModule(file);
  let value: unknown = exported;
  for (const name of path.split(".")) {
    const isThere = value !== null && value !== undefined && name in Object(value);
    if (!isThere) throw missing(file, path, exported);
    value = (value as { readonly [name: string]: unknown })[name];
  }
  if (isMemoized(value)) return value;
  throw new CliError(`'${path}' of '${file}' is not memoized`);
}

async function importModule(file: string): Promise<object> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as object;
  } catch (cause) {
    throw new CliError(`'${file}' cannot be imported: ${messageOf(cause)}`, EXIT_FAILURE, {
      cause,
    });
  }
}

function missing(file: string, path: string, exported: object): CliError {
  const names = Object.keys(exported);
  const there = names.length === 0 ? "it exports nothing" : `it exports ${names.join(", ")}`;
  return new CliError(`'${file}' has no export '${path}': ${there}`);
}

function isMemoized(value: unknown): value is Explains {
  const { explain, keyOf } = (typeof value === "function" ? value : {}) as Partial<
    Explains & { keyOf: unknown }
  >;
  return typeof explain === "function" && typeof keyOf === "function";
}

function describe({ reason, text, key, differs = [] }: Explanation): string[] {
  const lines = [`${reason}: ${printable(text)}`, `key ${key}`];
  if (differs.length === 0) return lines;
  const rows = differs.map(({ place, here = "absent", there = "absent" }) =>
    [place, here, there].map(printable),
  );
  return [...lines, "", ...tableOf([{ title: "" }, { title: "HERE" }, { title: "THERE" }], rows)];
}
