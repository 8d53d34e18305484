import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Runs an ES module in a process of its own, with the package under its public name, and gives
 * what it prints as JSON.
 *
 * @param limitMs kills a process that takes longer, the error's `killed` is then true
 */
export async function inChild<T>(
  source: string,
  env: Record<string, string> = {},
  limitMs = 0,
): Promise<T> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", source], {
    cwd: new URL("../..", import.meta.url),
    env: { ...process.env, ...env },
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  return JSON.parse(stdout) as T;
}
