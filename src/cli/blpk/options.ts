/** The values that options take. What the reference ends with 1 ends with 1 here, else 2. */
import { InvalidArgumentError, Option } from "commander";
import { CHECKSUMS } from "../../blosc/checksum.ts";
import type { Shuffle } from "../../blosc/codec.ts";
import { MAX_CHUNK_SIZE } from "../../format/constants.ts";
import { CliError } from "../failure.ts";
import { parseSize } from "../sizes.ts";

/** BLOSC_MAX_THREADS. */
const MAX_THREADS = 256;

/** How chunks are compressed, as far as the command line says. */
export interface BloscOptions {
  readonly typesize?: number;
  readonly clevel?: number;
  readonly codec?: string;
  /** False for `--no-shuffle`; commander sets it to true when the option is not given. */
  readonly shuffle: boolean;
  readonly bitshuffle?: true;
}

/** The reference's defaults. */
export const DEFAULT_TYPESIZE = 8;
export const DEFAULT_CLEVEL = 7;
export const DEFAULT_CODEC = "blosclz";

/** `-t -l -s -c` and `--bitshuffle`; `inherited` says in words where their defaults come from. */
export function bloscOptions(inherited?: string): Option[] {
  const group = "Blosc settings:";
  const like = (value: number | string) => `(default: ${inherited ?? value})`;
  return [
    new Option("-t, --typesize <size>", `bytes per element ${like(DEFAULT_TYPESIZE)}`)
      .argParser(parseTypesize)
      .helpGroup(group),
    new Option("-l, --clevel <level>", `compression level, 0 to 9 (default: ${DEFAULT_CLEVEL})`)
      .argParser(parseClevel)
      .helpGroup(group),
    new Option("-s, --no-shuffle", "do not shuffle the bytes of the elements").helpGroup(group),
    new Option("--bitshuffle", "shuffle bits instead of bytes")
      .conflicts("shuffle")
      .helpGroup(group),
    new Option(
      "-c, --codec <codec>",
      `blosclz, lz4, lz4hc, zlib, zstd, and snappy where C-Blosc has it ${like(DEFAULT_CODEC)}`,
    ).helpGroup(group),
  ];
}

/** `-z -k -o` and `--max-app-chunks`. */
export function bloscpackOptions(): Option[] {
  const group = "Bloscpack settings:";
  const names = CHECKSUMS.map(({ name }) => name);
  return [
    new Option("-z, --chunk-size <size>", "bytes, a size such as 512K, or max (default: 1M)")
      .argParser((text) => parseBytes(text, "-z"))
      .helpGroup(group),
    new Option("-k, --checksum <checksum>", "digest behind every chunk")
      .choices(names)
      .default("adler32")
      .helpGroup(group),
    new Option("-o, --no-offsets", "write no table of offsets").helpGroup(group),
    new Option("--max-app-chunks <n>", "room in that table for appended chunks (default: 10 each)")
      .argParser(parseMaxAppChunks)
      .helpGroup(group),
  ];
}

/** `-m`. */
export function metadataOption(): Option {
  return new Option("-m, --metadata <file>", "file with the metadata, as JSON");
}

/** `-v -d -f -n`. They may stand before the subcommand, as in the reference, or behind it. */
export function globalOptions(): Option[] {
  const group = "Global options:";
  return [
    new Option("-v, --verbose", "say what is done").conflicts("debug").helpGroup(group),
    new Option("-d, --debug", "say more; show stack traces").helpGroup(group),
    new Option("-f, --force", "overwrite existing files").helpGroup(group),
    new Option("-n, --nthreads <n>", `threads, 1 to ${MAX_THREADS} (default: one per core)`)
      .argParser(parseThreads)
      .helpGroup(group),
  ];
}

/** The filter that was asked for; `undefined` when none was. */
export function givenShuffle({ shuffle, bitshuffle }: BloscOptions): Shuffle | undefined {
  if (bitshuffle === true) return "bitshuffle";
  return shuffle ? undefined : "noshuffle";
}

function parseMaxAppChunks(text: string): number {
  const value = parseInteger(text);
  if (value >= 0) return value;
  throw new CliError("--max-app-chunks must be at least 0");
}

function parseTypesize(text: string): number {
  const value = parseInteger(text);
  if (value >= 1 && value <= 255) return value;
  throw new CliError("-t must be 1 <= t <= 255");
}

function parseClevel(text: string): number {
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Choose from 0 to 9.");
}

function parseThreads(text: string): number {
  const value = parseInteger(text);
  if (value >= 1 && value <= MAX_THREADS) return value;
  throw new CliError(`-n must be 1 <= n <= ${MAX_THREADS}`);
}

/** Reads what fits into one chunk: `"512K"`, a number without a unit, or `"max"`. */
export function parseBytes(text: string, option: string): number {
  if (text === "max") return MAX_CHUNK_SIZE;
  const value = parseSize(text) ?? (/^[+-]?\d+$/.test(text) ? Number(text) : undefined);
  if (value === undefined) {
    throw new CliError(`${option} error: '${text}' is not a size, such as 512K`);
  }
  if (value >= 1 && value <= MAX_CHUNK_SIZE) return value;
  const letter = option.replace(/^-+/, "").charAt(0);
  throw new CliError(`${option} must be 1 <= ${letter} <= ${MAX_CHUNK_SIZE}`);
}

function parseInteger(text: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("Not a whole number.");
  return value;
}
