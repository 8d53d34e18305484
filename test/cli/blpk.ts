/** Runs the built command, as users do. */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { join } from "node:path";

/** The built command, to be run by Node. */
export const command: string = join(import.meta.dirname, "../../dist/cli/blpk.js");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `stdout` is the text of. */
  readonly bytes: Buffer;
}

/** Runs `blpk`, or the one that `program` is, in the folder `cwd`. */
export function blpk(
  cwd: string,
  args: readonly string[],
  options: SpawnSyncOptions = {},
  program: string = command,
): Outcome {
  const result = spawnSync(process.execPath, [program, ...args], {
    cwd,
    maxBuffer: 2 ** 28,
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

/** What a run of the command is expected to come to, when nothing is printed on stdout. */
export function failure(status: number, ...lines: string[]): Partial<Outcome> {
  const stderr = lines.map((line) => `blpk: error: ${line}\n`).join("");
  return { status, stdout: "", stderr };
}

export const silence: Partial<Outcome> = { status: 0, stdout: "", stderr: "" };

/** Bytes that compress, but not to nothing; no two chunks are the same. */
export function sampleBytes(nbytes: number): Buffer {
  const bytes = Buffer.alloc(nbytes);
  for (let i = 0; i + 4 <= nbytes; i += 4) bytes.writeInt32LE((i * 7) ^ (i >> 11), i);
  return bytes;
}
