/** `bloscache show`. */
import { inspect } from "node:util";
import type { EntryInfo } from "../../cache/entry-info.ts";
import { nameOf } from "../../cache/explain.ts";
import type { Shelved } from "../../cache/shelved.ts";
import { StoreError } from "../../errors.ts";
import { CliError, EXIT_FAILURE } from "../failure.ts";
import { printable, printableLines } from "../printable.ts";
import type { Session } from "../session.ts";
import { exactSize } from "../sizes.ts";
import { type ArrayFacts, describeArray } from "./array-facts.ts";
import { chooseResult } from "./choice.ts";
import { openCache } from "./open-cache.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { formatDuration, plural, shortKey } from "./words.ts";

export interface ShowOptions extends GlobalOptions {
  readonly value?: true;
  readonly depth?: number;
}

const DEPTH = 6;

/** What a value looks like that nobody asked to see whole. */
const BRIEF = { depth: 2, maxArrayLength: 6, maxStringLength: 200 } as const;

export async function show(
  _session: Session,
  [key]: [string],
  options: ShowOptions,
): Promise<void> {
  const { memory } = openCache(options);
  const handle = chooseResult(memory, key);
  const info = infoOf(handle);
  const needs = handle.lackedAdapters();
  const arrays: ArrayFacts[] = [];
  for (const array of handle.arrays() ?? []) arrays.push(await describeArray(array));
  const value = await textOf(handle, info, options);
  await printShown({ info, needs, arrays, value }, options);
}

/** All that is known of a result. */
export interface Shown {
  readonly info: EntryInfo;
  /** Names of the adapters that a program needs to have it restored. */
  readonly needs: readonly string[];
  readonly arrays: readonly ArrayFacts[];
  readonly value: string | undefined;
  /** Whether it is signed; only in buckets. */
  readonly isSigned?: boolean;
}

export async function printShown(shown: Shown, { json }: ShowOptions): Promise<void> {
  const { info, needs, arrays, value, isSigned } = shown;
  if (json === true) {
    const more = {
      ...(value === undefined ? {} : { value }),
      ...(isSigned === undefined ? {} : { isSigned }),
    };
    await printJson({ ...info, needs, arrays, ...more });
    return;
  }
  const signature = isSigned ? "by a key, which verify checks" : "no";
  await print(
    ...describeEntry(info),
    ...(isSigned === undefined ? [] : [`signed     ${signature}`]),
    ...needs.map((name) => `adapter    ${printable(name)}: what it restores is shown by its parts`),
    ...arrays.flatMap((facts) => ["", ...describeFacts(facts)]),
    ...(value === undefined ? [] : ["", ...value.split("\n")]),
  );
}

function infoOf(handle: Shelved): EntryInfo {
  const info = handle.info();
  if (info !== undefined) return info;
  throw new CliError(`the result ${shortKey(handle.key)} is gone`);
}

/** A small result as text; a large one only when it is asked for, because it has to be read whole. */
async function textOf(
  handle: Shelved,
  { files }: EntryInfo,
  options: ShowOptions,
): Promise<string | undefined> {
  if (options.value !== true && files.length > 0) return undefined;
  try {
    return inspected(await handle.look(), options);
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    const message = `the result ${shortKey(handle.key)} cannot be read: bloscache verify tells why`;
    throw new CliError(message, EXIT_FAILURE, { cause });
  }
}

/** A value as text: all of it if that is asked for. */
export function inspected(read: unknown, { value, depth = DEPTH }: ShowOptions): string {
  const options = value === true ? { depth, maxArrayLength: 1000 } : BRIEF;
  return printableLines(inspect(read, { ...options, customInspect: false, colors: false }));
}

function describeEntry(info: EntryInfo): string[] {
  return [
    `key        ${info.key}`,
    `function   ${printable(info.id)}${info.isAsync ? ", asynchronous" : ""}`,
    `version    ${printable(info.version)}`,
    `created    ${info.created.toISOString()}`,
    `computed   in ${formatDuration(info.durationMs)}`,
    ...(info.threw ? ["threw      the result is the error"] : []),
    ...(info.tags.length === 0 ? [] : [`tags       ${printable(info.tags.join(", "))}`]),
    `plain      ${exactSize(info.nbytes)}`,
    `stored     ${exactSize(info.cbytes)}${info.files.length === 0 ? ", in the index" : ""}`,
    ...info.arguments.map(
      ([place, value], i) =>
        `${i === 0 ? "arguments" : "         "}  ${printable(`${nameOf(place)}: ${value}`)}`,
    ),
  ];
}

function describeFacts(facts: ArrayFacts): string[] {
  const { shape, dtype } = facts;
  const of = dtype === undefined ? "" : `, ${dtype} [${shape?.join(", ")}]`;
  const size = `${exactSize(facts.nbytes)} plain, ${exactSize(facts.cbytes)} stored`;
  return [
    `${printable(facts.place)}  ${facts.type}${printable(of)}`,
    `  ${size}`,
    ...(facts.codec === undefined
      ? []
      : [
          `  ${facts.codec}, ${plural(facts.nchunks ?? 0, "chunk")} of ${exactSize(facts.chunkSize ?? 0)}`,
        ]),
    ...(facts.file === undefined ? [] : [`  ${printable(facts.file)}`]),
    ...(facts.preview === undefined ? [] : [`  ${printable(facts.preview)}`]),
    ...(facts.fault === undefined ? [] : [`  ${printable(facts.fault)}`]),
  ];
}
