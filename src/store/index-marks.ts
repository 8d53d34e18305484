/**
 * Marks: empty files by which processes tell later ones about the state of the index.
 *
 * - `using-…` stands from before a thread opens the index until the thread ends. A damaged LMDB file
 *   can kill the process where no code of ours runs; the mark of a dead process gives it away.
 * - `unsynced-…` stands while commits of a process may be in memory only. LMDB without syncs keeps
 *   its promises as long as the system runs; if the mark is from an earlier boot, the power went
 *   while pages were in flight, and the file may be torn in ways that LMDB does not notice.
 *
 * In both cases every page of the index is looked at before it is used again (index-pages.ts).
 */
import fs from "node:fs";
import { join } from "node:path";

interface Host {
  /** Changes with every boot. */
  readonly boot: string;
  /** Pids are only comparable within one namespace (containers that share a folder). */
  readonly namespace: string;
  /** When this process began: pids are used again, in containers at once. */
  readonly start: string;
}

/** `undefined` where the system does not say which boot this is: then every commit is synced. */
const host: Host | undefined = readHost();

function readHost(): Host | undefined {
  try {
    return {
      boot: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8),
      namespace: fs.readlinkSync("/proc/self/ns/pid").replace(/\D/g, ""),
      start: readStart(process.pid),
    };
  } catch {
    return undefined;
  }
}

/**
 * When a process began, in clock ticks since the boot: field 22 of proc(5); field 2 is in brackets.
 * Of one that is dead and still waited for, nothing.
 */
function readStart(pid: number): string {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}

/** Whether commits may be left unsynced: only if a later process can tell that they were. */
export const canDelaySync: boolean = host !== undefined;

let made = 0;

type Kind = "using" | "unsynced";

export class Mark {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static make(marks: string, kind: Kind): Mark {
    const { boot, namespace, start } = host ?? { boot: "0", namespace: "0", start: "" };
    // Several threads of a process may have marks of one kind. Not by their numbers: the module that
    // tells them takes longer to load than all else here. Not by chance alone: it can be seeded.
    const chance = Math.random().toString(36).slice(2);
    const unique = `${chance}.${process.hrtime.bigint().toString(36)}${(made++).toString(36)}`;
    const path = join(marks, `${kind}-${boot}-${namespace}-${process.pid}.${start}.${unique}`);
    fs.writeFileSync(path, "", { mode: 0o600 });
    // The mark must reach the disk before the pages it speaks of. The system holds those back for
    // seconds, so there is no need to make the caller wait for it.
    if (kind === "unsynced") syncFolderLater(marks);
    return new Mark(path);
  }

  remove(): void {
    try {
      fs.rmSync(this.#path, { force: true });
    } catch {
      // The next process looks at the pages, or syncs them, for nothing.
    }
  }
}

/** Of this thread: `exit` is an event of threads too. */
const inUse = new Set<IndexUse>();

function endAll(): void {
  for (const use of inUse) use.end();
}

/**
 * The mark that stands as long as a thread uses the index. It is gone after every end but a kill or
 * a crash.
 */
export class IndexUse {
  readonly #mark: Mark;

  constructor(marks: string) {
    this.#mark = Mark.make(marks, "using");
    if (inUse.size === 0) process.once("exit", endAll);
    inUse.add(this);
  }

  /** LMDB has found damage that it survived: the mark is to stand after the end too. */
  suspect(): void {
    this.#leave();
  }

  end(): void {
    this.#leave();
    this.#mark.remove();
  }

  #leave(): void {
    inUse.delete(this);
    if (inUse.size === 0) process.removeListener("exit", endAll);
  }
}

/** What a mark says of the process that made it. */
type Owner = "alive" | "dead" | "out of sight";

interface ParsedMark {
  readonly kind: string;
  readonly owner: Owner;
  readonly isOfEarlierBoot: boolean;
  readonly path: string;
}

function readMarks(marks: string): ParsedMark[] {
  return fs.readdirSync(marks).map((name) => {
    const [kind = "", boot = "", namespace = "", pid = "", start = ""] = name.split(/[-.]/);
    const isOfEarlierBoot = boot !== (host?.boot ?? "0");
    const isInSight = namespace === (host?.namespace ?? "0");
    let owner: Owner = "dead";
    if (!isOfEarlierBoot && !isInSight) owner = "out of sight";
    else if (!isOfEarlierBoot && isAlive(Number(pid), start)) owner = "alive";
    return { kind, owner, isOfEarlierBoot, path: join(marks, name) };
  });
}

/**
 * Whether marks are a reason to look at every page: a process did not come to its end while it used
 * the index, or commits of an earlier boot were not synced.
 *
 * A process in another pid namespace, such as another container, cannot be seen. It counts as dead:
 * containers that die of the index and are started again never share a namespace. A living process
 * in ours has the index open and lives, which proves more than a walk.
 */
export function marksAreSuspect(marks: string): boolean {
  const all = readMarks(marks);
  if (all.some(({ kind, owner }) => kind === "using" && owner === "alive")) return false;
  return all.some((mark) => isSuspect(mark));
}

/** Unsynced commits of this boot are whole: the system has them. */
function isSuspect({ kind, owner, isOfEarlierBoot }: ParsedMark): boolean {
  return isOfEarlierBoot || (kind !== "unsynced" && owner !== "alive");
}

/** Removes the marks that were a reason to look: every page was, and is sound. */
export function forgetSuspects(marks: string): void {
  for (const mark of readMarks(marks)) {
    if (isSuspect(mark)) fs.rmSync(mark.path, { force: true });
  }
}

/** Marks of this boot's unsynced commits whose process is gone: a sync by anyone settles them. */
export function orphanedMarks(marks: string): string[] {
  return readMarks(marks)
    .filter(({ kind, owner, isOfEarlierBoot }) => {
      return kind === "unsynced" && owner === "dead" && !isOfEarlierBoot;
    })
    .map(({ path }) => path);
}

/** Removes the marks that spoke of an index which is gone now; those of living processes stay. */
export function clearMarks(marks: string): void {
  for (const mark of readMarks(marks)) {
    if (mark.owner === "dead" || isSuspect(mark)) fs.rmSync(mark.path, { force: true });
  }
}

function syncFolderLater(folder: string): void {
  fs.open(folder, "r", (error, fd) => {
    // Without a callback of its own, close would throw where nobody can catch it.
    if (error === null) fs.fsync(fd, () => fs.close(fd, () => undefined));
  });
}

/** @param start when it began, as far as the mark says */
function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  try {
    return readStart(pid) === start;
  } catch {
    // The system does not show processes of others.
    return true;
  }
}
