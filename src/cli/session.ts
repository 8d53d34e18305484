/** What every command is given: the global options, and who hears of it. */
import type { Progress as TransferProgress } from "../format/endpoints.ts";
import { Interrupted } from "./failure.ts";
import { Progress } from "./progress.ts";
import { Report } from "./report.ts";

export interface GlobalOptions {
  readonly verbose?: true;
  readonly debug?: true;
  readonly force?: true;
  readonly nthreads?: number;
}

/** What a transfer of bytes is given, as `pack` and `unpack` take it. */
export interface Watched {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
}

export interface Session {
  readonly report: Report;
  /** Whether existing files may be replaced, and binary data go to a terminal. */
  readonly force: boolean;
  /** Aborted, with an {@link Interrupted}, when the user or the system ends the command. */
  readonly signal: AbortSignal;
  /**
   * Runs a transfer of bytes with what `pack` and `unpack` take: the signal, and a progress bar
   * under the name of `label`.
   */
  watch<T>(label: string, transfer: (options: Watched) => Promise<T>): Promise<T>;
}

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** REQUIRES: no other signal handler. A second signal ends the process at once. */
export function createSession(options: GlobalOptions): Session {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.once(name, () => controller.abort(new Interrupted(name)));
  }
  return {
    report: new Report(verbosityOf(options)),
    force: options.force === true,
    signal: controller.signal,
    async watch(label, transfer) {
      const progress = new Progress(label);
      const onProgress: Watched["onProgress"] = ({ nbytes, size }) => progress.update(nbytes, size);
      try {
        return await transfer({ signal: controller.signal, onProgress });
      } finally {
        progress.stop();
      }
    },
  };
}

function verbosityOf({ verbose, debug }: GlobalOptions): "normal" | "verbose" | "debug" {
  if (debug === true) return "debug";
  return verbose === true ? "verbose" : "normal";
}
