/** The Python reference, as `scripts/setup.mjs --python` installs it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseMetadata, stringifyMetadata } from "../../src/format/metadata-json.ts";
import type { Order, TypedArray } from "../../src/format.ts";

/** How the reference is to pack, in its own words. */
export interface PackArguments {
  readonly chunk_size: number | string;
  readonly blosc_args: { readonly [name: string]: unknown };
  readonly bloscpack_args: { readonly [name: string]: unknown };
  readonly metadata_args: { readonly [name: string]: unknown };
}

export interface PackRequest extends PackArguments {
  readonly do: "pack";
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
}

interface UnpackRequest {
  readonly do: "unpack";
  readonly path: string;
}

/** The bytes are `n` of {@link ramp}. */
interface PackBytesRequest extends PackArguments {
  readonly do: "pack_bytes";
  readonly path: string;
  readonly n: number;
  readonly step: number;
  readonly metadata: unknown;
}

/** Appends `n` bytes of {@link ramp}; answers with how many chunks were added. */
interface AppendBytesRequest {
  readonly do: "append_bytes";
  readonly path: string;
  readonly n: number;
  readonly step: number;
}

/** Answers with `nbytes` and `sha256` of the plain bytes, and with the file's `metadata`. */
interface UnpackBytesRequest {
  readonly do: "unpack_bytes";
  readonly path: string;
}

/** Reads an `.npy` file with numpy; answers as to {@link UnpackRequest}. */
interface LoadRequest {
  readonly do: "load";
  readonly path: string;
}

type Request =
  | PackRequest
  | UnpackRequest
  | PackBytesRequest
  | AppendBytesRequest
  | UnpackBytesRequest
  | LoadRequest;

/** What both sides say about an array; see reference.py. */
export interface Description {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
  readonly sha256: string;
}

const environment = join(import.meta.dirname, "../../.venv");
const python = join(
  environment,
  process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
);

/**
 * False when it is not installed (set-up leaves this file when it is): its tests are skipped then,
 * except in CI, where they must run.
 */
export const hasReference: boolean = existsSync(join(environment, "requirements.txt"));

if (!hasReference) {
  const remedy = "`node scripts/setup.mjs --python` installs it";
  if (process.env["CI"] === "true" && process.env["BLOSCACHE_NO_PYTHON"] !== "1") {
    throw new Error(`The Python reference is not installed: ${remedy}.`);
  }
  console.error(`\n!!! SKIPPED: all tests against the Python reference. ${remedy}.\n`);
}

/** Sends all requests to one Python process; the answers come in the same order. */
export function askReference(requests: readonly Request[]): unknown[] {
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const script = join(import.meta.dirname, "reference.py");
  const { stdout, stderr, status } = spawnSync(python, [script], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`reference.py failed: ${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A Python process that answers request by request, for tests whose next one depends on that. */
export class Reference {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const script = join(import.meta.dirname, "reference.py");
    const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /** One at a time. */
  async ask(request: Request): Promise<unknown> {
    this.#process.stdin?.write(`${stringifyMetadata(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("reference.py has ended");
    return parseMetadata(value);
  }

  close(): void {
    this.#process.stdin?.end();
  }
}

/** Bytes that both sides can make: `i * step % 251`. */
export function ramp(n: number, step: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (i * step) % 251);
}

/** The digest of an array's bytes in memory order. */
export function sha256(data: TypedArray): string {
  const { buffer, byteOffset, byteLength } = data;
  return createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");
}
