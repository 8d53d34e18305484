/** Runs the built command, as users do, and makes caches for it. */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { Memory, type MemoryOptions } from "bloscache";
import { temporaryFolder } from "../../support/temporary.ts";
import type { Outcome } from "../blpk.ts";

/** The built command, to be run by Node. */
export const command: string = join(import.meta.dirname, "../../../dist/cli/bloscache.js");

/** Runs `bloscache` on the cache in `location`. */
export function bloscache(
  location: string,
  args: readonly string[],
  options: SpawnSyncOptions = {},
): Outcome {
  const result = spawnSync(process.execPath, [command, "-C", location, ...args], {
    maxBuffer: 2 ** 28,
    timeout: 50_000,
    ...options,
    encoding: "buffer",
  });
  return {
    status: result.status,
    stdout: result.stdout.toString(),
    stderr: result.stderr.toString(),
    bytes: result.stdout,
  };
}

/** What a run is expected to come to that fails. */
export function failure(status: number, ...lines: string[]): Partial<Outcome> {
  const stderr = lines.map((line) => `bloscache: error: ${line}\n`).join("");
  return { status, stdout: "", stderr };
}

/** What `--json` prints, line by line. */
export function jsonOf<T>({ stdout, stderr }: Outcome): T[] {
  if (stdout === "") throw new Error(`nothing was printed: ${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** A cache with results of `ramp`, which has files from 3,000 elements on, and of `pair`. */
export class Sample {
  readonly location: string;
  readonly memory: Memory;
  readonly ramp: ReturnType<typeof rampOn>;
  readonly pair: ReturnType<typeof pairOn>;

  constructor(options: Partial<MemoryOptions> = {}) {
    this.location = join(temporaryFolder(), "cache");
    this.memory = new Memory({ ...options, location: this.location });
    this.ramp = rampOn(this.memory);
    this.pair = pairOn(this.memory);
  }
}

function rampOn(memory: Memory) {
  const ramp = (length: number, options: { step: number } = { step: 1 }) =>
    Float64Array.from({ length }, (_, i) => i * options.step);
  return memory.memoize(ramp, { id: "sample@/lib/ramp.js#ramp", version: 1 });
}

function pairOn(memory: Memory) {
  const pair = (rows: number, columns: number) => ({
    grid: {
      data: Int16Array.from({ length: rows * columns }, (_, i) => i),
      shape: [rows, columns],
    },
    mask: new Uint8Array(rows).fill(1),
  });
  return memory.memoize(pair, { id: "sample@/lib/pair.js#pair", version: "a" });
}

/** Every file of a folder, with its bytes; of LMDB's files none, which readers write to. */
export function contentOf(folder: string): Map<string, string> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => !/^(index|marks)/.test(name));
  return new Map(
    files.map((name) => {
      const path = join(folder, name);
      return [name, fs.statSync(path).isFile() ? fs.readFileSync(path, "base64") : "folder"];
    }),
  );
}
