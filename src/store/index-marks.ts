/**
 * Marks: empty files by which processes tell later ones about the state of the index.
 *
 * - `opening-…` stands while a process opens the index. A damaged LMDB file can kill the process
 *   inside the open, where no code of ours runs; the mark of a dead process gives it away.
 * - `unsynced-…` stands while commits of a process may be in memory only. LMDB without syncs keeps
 *   its promises as long as the system runs; if the mark is from an earlier boot, the power went
 *   while pages were in flight, and the file may be torn in ways that LMDB does not notice.
 *
 * In both cases the index is not used: it holds nothing that cannot be computed again.
 */
import fs from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

/** A mark from another pid namespace, whose process we cannot see, is believed for so long, ms. */
const FOREIGN_OPENING_MS = 10_000;

interface Host {
  /** Changes with every boot. */
  readonly boot: string;
  /** Pids are only comparable within one namespace (containers that share a folder). */
  readonly namespace: string;
}

/** `undefined` where the system does not say which boot this is: then every commit is synced. */
const host: Host | undefined = readHost();

function readHost(): Host | undefined {
  try {
    return {
      boot: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8),
      namespace: fs.readlinkSync("/proc/self/ns/pid").replace(/\D/g, ""),
    };
  } catch {
    return undefined;
  }
}

/** Whether commits may be left unsynced: only if a later process can tell that they were. */
export const canDelaySync: boolean = host !== undefined;

let made = 0;

export class Mark {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static make(marks: string, kind: "opening" | "unsynced"): Mark {
    const { boot, namespace } = host ?? { boot: "0", namespace: "0" };
    // Several threads of a process may have marks of one kind.
    const unique = `${process.pid}.${threadId}.${Date.now().toString(36)}${(made++).toString(36)}`;
    const path = join(marks, `${kind}-${boot}-${namespace}-${unique}`);
    fs.writeFileSync(path, "", { mode: 0o600 });
    // The mark must reach the disk before the pages it speaks of. The system holds those back for
    // seconds, so there is no need to make the caller wait for it.
    if (kind === "unsynced") syncFolderLater(marks);
    return new Mark(path);
  }

  remove(): void {
    fs.rmSync(this.#path, { force: true });
  }
}

/** So many processes have to die inside the open: one may have been killed there by chance. */
const DEATHS = 2;

/**
 * Whether marks say that the index must not be trusted: commits of an earlier boot were not synced,
 * or it has killed processes that opened it.
 */
export function marksDistrust(marks: string): boolean {
  const names = fs.readdirSync(marks);
  if (host !== undefined && names.some((name) => isOfEarlierBoot(name))) return true;
  return names.filter((name) => isOpeningOfDead(marks, name)).length >= DEATHS;
}

function isOfEarlierBoot(name: string): boolean {
  const { kind, boot } = parse(name);
  return kind === "unsynced" && boot !== host?.boot;
}

function isOpeningOfDead(marks: string, name: string): boolean {
  const { kind, boot, namespace, pid } = parse(name);
  if (kind !== "opening") return false;
  if (host === undefined || boot !== host.boot) return true;
  if (namespace === host.namespace) return !isAlive(pid);
  const stat = fs.statSync(join(marks, name), { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > FOREIGN_OPENING_MS;
}

function parse(name: string): { kind: string; boot: string; namespace: string; pid: number } {
  const [kind = "", boot = "", namespace = "", pid = ""] = name.split(/[-.]/);
  return { kind, boot, namespace, pid: Number(pid) };
}

/** Forgets those who died while they opened: the index has just been opened. */
export function forgetDeaths(marks: string): void {
  for (const name of fs.readdirSync(marks)) {
    if (isOpeningOfDead(marks, name)) fs.rmSync(join(marks, name), { force: true });
  }
}

/** Marks of this boot's unsynced commits whose process is gone: a sync by anyone settles them. */
export function orphanedMarks(marks: string): string[] {
  return fs
    .readdirSync(marks)
    .filter((name) => parse(name).kind === "unsynced" && isOfDead(name))
    .map((name) => join(marks, name));
}

function isOfDead(name: string): boolean {
  const { boot, namespace, pid } = parse(name);
  return boot === host?.boot && namespace === host?.namespace && !isAlive(pid);
}

/** Removes the marks that spoke of an index which is gone now; those of living processes stay. */
export function clearMarks(marks: string): void {
  for (const name of fs.readdirSync(marks)) {
    const outdated = parse(name).boot !== host?.boot || isOfDead(name);
    if (outdated) fs.rmSync(join(marks, name), { force: true });
  }
}

function syncFolderLater(folder: string): void {
  fs.open(folder, "r", (error, fd) => {
    if (error === null) fs.fsync(fd, () => fs.close(fd));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
