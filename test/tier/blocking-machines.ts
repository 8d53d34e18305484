/** Processes of simulated machines that compute by synchronous functions; see `blocking-machine.mjs`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SharedTier } from "../../src/tier/shared-tier.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = fileURLToPath(new URL("blocking-machine.mjs", import.meta.url));

interface Report {
  readonly wrong: number;
  readonly events: { readonly [type: string]: number | undefined };
  /** Of the process, which is to end by itself. */
  readonly exitCode: number | null;
}

interface Machine {
  readonly child: ChildProcess;
  /** Resolves when it begins to compute for the first time. */
  readonly computing: Promise<void>;
  /** Has it begin; its report, `undefined` if it is killed before. */
  run(): Promise<Report | undefined>;
}

export class BlockingMachines {
  readonly #options: object;
  readonly #runs = join(temporaryFolder(), "runs");
  readonly #children: ChildProcess[] = [];

  constructor(
    tier: SharedTier,
    options: { readonly keys: readonly number[]; readonly ms: number },
  ) {
    this.#options = { ...options, recipe: tier.recipe() };
    writeFileSync(this.#runs, "");
  }

  /** Keys of the computations so far. */
  get runs(): number[] {
    return readFileSync(this.#runs, "utf8").split("\n").filter(Boolean).map(Number);
  }

  /** A process that is ready. @param location folder of its machine */
  async start(location: string): Promise<Machine> {
    const options = JSON.stringify({ ...this.#options, location, runs: this.#runs });
    const child = spawn(process.execPath, [script, options], { stdio: "pipe" });
    this.#children.push(child);
    const exited = once(child, "exit");
    const computing = new Promise<void>((resolve) => {
      child.stderr.on("data", (text) => String(text).includes("computing") && resolve());
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const run = async () => {
      child.stdin.write("go\n");
      const { value } = await lines.next();
      const [exitCode] = await exited;
      return value === undefined ? undefined : { ...JSON.parse(value), exitCode };
    };
    return { child, computing, run };
  }

  end(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}
