/** Workers of simulated machines, each a process; see `sweeper.mjs`. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/temporary.ts";
import { environmentOf, type Server } from "./servers.ts";

const script = fileURLToPath(new URL("sweeper.mjs", import.meta.url));

export interface Report {
  readonly wrong: number;
  readonly failed: readonly string[];
  readonly events: { readonly [type: string]: number | undefined };
}

export interface Sweeper {
  readonly child: ChildProcess;
  /** Resolves when it begins to compute for the first time. */
  readonly computing: Promise<void>;
  /** Has it begin; its report, `undefined` if it is killed before. */
  sweep(): Promise<Report | undefined>;
}

export interface SweepOptions {
  readonly bucket: string;
  readonly keys: readonly number[];
  /** How long a computation takes, ms. */
  readonly ms?: number;
  readonly leaseMs?: number;
  readonly answerMs?: number;
}

export class Sweep {
  readonly #server: Server;
  readonly #options: SweepOptions;
  readonly #runs = join(temporaryFolder(), "runs");
  readonly #children: ChildProcess[] = [];

  constructor(server: Server, options: SweepOptions) {
    this.#server = server;
    this.#options = options;
    writeFileSync(this.#runs, "");
  }

  /** Computations so far, their keys. */
  get runs(): number[] {
    return readFileSync(this.#runs, "utf8").split("\n").filter(Boolean).map(Number);
  }

  /**
   * A worker that is ready.
   *
   * @param location folder of its machine
   * @param prefix of its command line, such as `faketime`
   * @param endpoint if not the server's own
   */
  async start(
    location: string,
    prefix: readonly string[] = [],
    endpoint?: string,
  ): Promise<Sweeper> {
    const options = { ms: 0, ...this.#options, location, runs: this.#runs };
    const line = [...prefix, process.execPath, script, JSON.stringify(options)];
    const env = { ...process.env, ...environmentOf(this.#server) };
    if (endpoint !== undefined) env["AWS_ENDPOINT_URL_S3"] = endpoint;
    const child = spawn(line[0] as string, line.slice(1), { env, stdio: "pipe" });
    this.#children.push(child);
    const computing = new Promise<void>((resolve) => {
      child.stderr.on("data", (text) => String(text).includes("computing") && resolve());
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const sweep = async () => {
      child.stdin.write("go\n");
      const { value } = await lines.next();
      return value === undefined ? undefined : (JSON.parse(value) as Report);
    };
    return { child, computing, sweep };
  }

  end(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}
