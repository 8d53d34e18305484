/**
 * One writer at a time: `<path>.lock` is a file that names its holder. Node has no locks of the
 * system's; so whoever finds the lock of a process that is gone takes it over. A lock is written
 * under another name and linked to its own, so that it is there complete or not at all: a file of
 * that name with other content, such as the empty ones of Python's filelock, is somebody else's,
 * and never removed.
 *
 * Limits. Who runs under another host name, or sees other processes (containers that share a
 * folder), is believed to be alive: such a lock has to be removed by hand. A worker thread that is
 * terminated in mid-append leaves a lock that its process holds until it ends.
 */
import fs from "node:fs";
import { hostname } from "node:os";
import { crypto } from "../blosc/late-modules.ts";
import { StoreError } from "../errors.ts";

/** Where no links can be made, a lock that names nobody may be one that is just written: so long, ms. */
const NAMELESS_MS = 1000;
/** For so long in all the lock is tried for while no living process holds it, ms. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 10;

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the system's units: pids are used again. `""` where unknown. */
  readonly started: string;
  /** Changes with every boot. `""` where unknown. */
  readonly boot: string;
  /** Pids are only comparable within one namespace. `""` where there are none. */
  readonly namespace: string;
  /** Tells this lock from every other. */
  readonly nonce: string;
}

export interface FileLock {
  /** Whether it is still ours: somebody may have removed it by hand, or taken it for stale. */
  held(): boolean;
  release(): void;
}

/**
 * Takes the lock of the file at `path`.
 *
 * @throws {StoreError} when another process, or another call of this one, is writing; its cause
 *   has the code `ELOCKED`
 */
export function lockFile(path: string): FileLock {
  const lock = `${path}.lock`;
  const text = JSON.stringify(myself());
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    // First: who may read the folder only is to be told who writes, not that no lock can be made.
    removeIfStale(lock, path);
    if (create(lock, text, path)) {
      const held = () => readOrNothing(lock) === text;
      return { held, release: () => held() && remove(lock) };
    }
  }
  throw locked(path, "many processes want it at once");
}

/** @throws {StoreError} when the lock of the file at `path` was removed, or somebody else has it */
export function requireHeld(lock: FileLock, path: string): void {
  if (!lock.held()) throw new StoreError("write", path, new Error("its lock was removed"));
}

/** Whether an error says that a file is locked. */
export function isLocked(error: unknown): boolean {
  return error instanceof StoreError && (error.cause as { code?: unknown })?.code === "ELOCKED";
}

function create(lock: string, text: string, path: string): boolean {
  const draft = `${path}.${crypto().randomBytes(16).toString("hex")}.tmp`;
  try {
    try {
      fs.writeFileSync(draft, text, WRITE_NEW);
      linkOrWrite(draft, lock, text);
    } finally {
      removeDraft(draft);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new StoreError("lock", path, error);
  }
}

const WRITE_NEW = { flag: "wx", mode: 0o644 } as const;

function removeDraft(draft: string): void {
  try {
    fs.rmSync(draft, { force: true });
  } catch {
    // It is in nobody's way, and whether there is a lock now does not depend on it.
  }
}

/** FAT and some folders of networks have no hard links; which error says so differs. */
function linkOrWrite(draft: string, lock: string, text: string): void {
  try {
    fs.linkSync(draft, lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw error;
    fs.writeFileSync(lock, text, WRITE_NEW);
  }
}

/** Gives a lock up. What it was for is done, and does not fail by this. */
function remove(lock: string): void {
  try {
    fs.rmSync(lock, { force: true });
  } catch (error) {
    const reason = `"${lock}" cannot be removed, and locks its file until this process ends`;
    const warning = `${reason}: ${(error as Error).message}`;
    process.emitWarning(warning, { type: "BloscacheWarning", code: "LOCK_REMAINS" });
  }
}

/** Removes the lock of a process that is gone, or waits a moment. @throws {StoreError} when its holder is alive */
function removeIfStale(lock: string, path: string): void {
  const text = readOrNothing(lock);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder === undefined) {
    waitIfNew(lock, path);
    return;
  }
  if (isAlive(holder)) {
    const who = holder.pid === process.pid ? "this process" : `process ${holder.pid}`;
    throw locked(path, `${who} on ${holder.host} is writing; if it is not, remove "${lock}"`);
  }
  takeAway(lock, path, text);
}

/** @throws {StoreError} when a lock has named nobody for some time */
function waitIfNew(lock: string, path: string): void {
  const stat = fs.statSync(lock, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (Date.now() - stat.mtimeMs >= NAMELESS_MS) {
    throw locked(path, `"${lock}" is of another program; if it is not in use, remove it`);
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** Removes a lock of that content, and no other. */
function takeAway(lock: string, path: string, text: string): void {
  // Asking whether the holder lives took its time, in which it may have ended, and another begun.
  if (readOrNothing(lock) !== text) return;
  // Between the look and the removal another process may have put its own lock there. Renaming
  // takes exactly one file away, and a second look tells which.
  const aside = `${lock}.${crypto().randomBytes(8).toString("hex")}`;
  try {
    fs.renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new StoreError("lock", path, error);
  }
  if (readOrNothing(aside) !== text && !fs.existsSync(lock)) fs.renameSync(aside, lock);
  else fs.rmSync(aside, { force: true });
}

function locked(path: string, reason: string): StoreError {
  return new StoreError("write", path, Object.assign(new Error(reason), { code: "ELOCKED" }));
}

function myself(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    ...system(),
    nonce: crypto().randomBytes(8).toString("hex"),
  };
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  const here = system();
  if (holder.boot !== here.boot) return false;
  if (holder.namespace !== here.namespace) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return holder.started === startOf(holder.pid);
}

function system(): Pick<Holder, "boot" | "namespace"> {
  try {
    return {
      boot: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      namespace: fs.readlinkSync("/proc/self/ns/pid"),
    };
  } catch {
    return { boot: "", namespace: "" };
  }
}

/** Field 22 of /proc/<pid>/stat; the command before it may hold blanks and parentheses. */
function startOf(pid: number): string {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function readOrNothing(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** `undefined` for what names no holder. */
function parse(text: string): Holder | undefined {
  let holder: Partial<Holder> | null;
  try {
    holder = JSON.parse(text) as Partial<Holder> | null;
  } catch {
    return undefined;
  }
  const { pid, host, started, boot, namespace, nonce } = holder ?? {};
  const names = [host, started, boot, namespace, nonce];
  const isOurs = Number.isInteger(pid) && names.every((name) => typeof name === "string");
  return isOurs ? (holder as Holder) : undefined;
}
