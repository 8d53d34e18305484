/** Running other programs and telling the user about it, on stderr only. */
import { spawnSync } from "node:child_process";

/** Set-up cannot go on; the message says what the user can do about it. */
export class SetupError extends Error {}

export function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/** Runs a program, its output on stderr. `ok` is false also when there is no such program. */
export function run(command, args, options = {}) {
  // npm is a .cmd file on Windows, which only a shell can start.
  const shell = process.platform === "win32" && command === "npm";
  const { status } = spawnSync(command, args, { stdio: ["ignore", 2, 2], shell, ...options });
  return { ok: status === 0 };
}

/** True if the program can be started and succeeds; shows nothing. */
export function succeeds(command, ...args) {
  return run(command, args, { stdio: "ignore" }).ok;
}
