/** One set-up at a time in a checkout: `npm run demo` and `npm test` may be started together. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { SetupError, say } from "./shell.mjs";

const patienceMs = 15 * 60_000;

/** Runs `work` while holding the lock file, which names the process that holds it. */
export function withLock(path, work) {
  const deadline = Date.now() + patienceMs;
  for (let waited = false; !acquire(path); waited = true) {
    if (!waited) say("another set-up is running here; waiting for it");
    if (Date.now() > deadline) throw new SetupError(`Still waiting. If none is, remove ${path}.`);
    sleep(200);
  }
  try {
    work();
  } finally {
    rmSync(path, { force: true });
  }
}

function acquire(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!isHeld(path)) rmSync(path, { force: true });
    return false;
  }
}

/** A lock whose process is gone was left by one that was killed. */
function isHeld(path) {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    return owner === 0 || process.kill(owner, 0); // 0: created, its owner not yet written
  } catch (error) {
    return error.code === "EPERM";
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
