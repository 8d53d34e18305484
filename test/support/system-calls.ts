/** Work in a process of its own, of which one system call after another is disturbed. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

export const hasStrace: boolean =
  spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!hasStrace) {
  if (process.env["CI"] === "true") throw new Error("CI must be able to run strace");
  console.error("\n!!! NOT TESTED: disturbed system calls, because strace cannot be run here.\n");
}

/** What changes files and folders. */
export const MUTATING: readonly string[] = [
  ...["write", "pwrite64", "pwritev", "pwritev2", "writev", "copy_file_range", "sendfile"],
  ...[
    "ftruncate",
    "truncate",
    "fallocate",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
  ],
  ...["link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod"],
  ...["fchmodat", "fchown", "fsync", "fdatasync", "sync_file_range", "msync"],
];

/** Work that is done once. */
export interface Trial {
  /** Absolute, no links in it: only calls on what is in this folder are disturbed, or on itself. */
  readonly folder: string;
  /** Of Node. */
  readonly args: readonly string[];
}

/** A system call of a run: the n-th of a thread by this name, on this path where that counts. */
export interface CallPoint {
  readonly call: string;
  readonly n: number;
  /** Within the folder; of a path that is another in every run, `undefined`. */
  readonly path: string | undefined;
}

export interface Outcome {
  /** Exit code, or the signal that it ended by. */
  readonly end: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** What strace has seen. */
  readonly log: string;
}

/** One line of strace's log, of a call in the folder or of another. */
interface Seen {
  readonly thread: string;
  readonly call: string;
  /** Within the folder; `undefined` outside of it. */
  readonly path: string | undefined;
  /** Whether the system refused it, undisturbed: it changed nothing. */
  readonly failed: boolean;
}

/** @param options of strace, beside those that follow children and name files */
function strace(options: readonly string[], { args }: Trial): Promise<Outcome> {
  const log = join(temporaryFolder(), "log");
  const command = ["-f", "-qq", "-y", "-o", log, ...options, process.execPath, ...args];
  // strace counts the calls of each thread on its own: asynchronous ones have to be on one.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  return new Promise((resolve) => {
    // strace ends as its child does.
    execFile("strace", command, { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const end = error === null ? 0 : (error.signal ?? error.code ?? 1);
      resolve({
        end: end === 137 ? "SIGKILL" : end,
        stdout,
        stderr,
        log: readFileSync(log, "utf8"),
      });
    });
  });
}

/** Without it strace stops at every call there is; with it, in 6.1, it sends no signals. */
const ONLY_TRACED = "--seccomp-bpf";

function* seenIn(log: string, folder: string): Generator<Seen> {
  for (const [, thread = "", call = "", rest = ""] of log.matchAll(/^(\d+) +(\w+)\((.*)$/gm)) {
    yield { thread, call, path: pathIn(rest, folder), failed: / = -1 E\w+ \(.*\)$/.test(rest) };
  }
}

function pathIn(text: string, folder: string): string | undefined {
  for (let at = text.indexOf(folder); at >= 0; at = text.indexOf(folder, at + 1)) {
    const [path = ""] = text.slice(at + folder.length).split(/[">]/, 1);
    if (path === "" || path.startsWith("/")) return path.slice(1);
  }
  return undefined;
}

/**
 * The calls that the work makes in its folder, in groups of those that are counted together.
 *
 * @param choose which of those that a run makes are wanted
 */
async function groupsOf(
  stage: () => Trial,
  calls: readonly string[],
  choose: (seen: readonly Seen[]) => readonly Seen[],
): Promise<CallPoint[][]> {
  const probe = async () => {
    const trial = stage();
    const { end, stderr, log } = await strace([ONLY_TRACED, `--trace=${calls.join()}`], trial);
    if (end !== 0) throw new Error(`${end}: ${stderr}`);
    return Array.from(seenIn(log, trial.folder));
  };
  const [first, second] = [await probe(), await probe()];
  const paths = new Set(first.map(({ path }) => path));
  const lasting = new Set(second.map(({ path }) => path).filter((path) => paths.has(path)));
  lasting.delete(undefined);
  const chosen = new Set(choose(second.filter(({ path }) => path !== undefined)));
  return calls
    .flatMap((call) => {
      const own = second.filter((seen) => seen.call === call);
      const isOfOneThread = new Set(own.map(({ thread }) => thread)).size === 1;
      const isPlain = isOfOneThread && own.every(({ path }) => path !== undefined);
      const named = new Set(isPlain ? [] : lasting);
      const others = own.filter((seen) => chosen.has(seen) && !named.has(seen.path));
      const groups = Array.from(named, (path) => {
        const those = own.filter((seen) => seen.path === path);
        return ordinals(those, (seen) => chosen.has(seen)).map((n) => ({ call, n, path }));
      });
      const rest = ordinals(own, (seen) => others.includes(seen));
      return [...groups, rest.map((n) => ({ call, n, path: undefined }))];
    })
    .filter((group) => group.length > 0);
}

/** The places, from 1, that wanted calls have among all of their thread. */
function ordinals(seen: readonly Seen[], isWanted: (seen: Seen) => boolean): number[] {
  const counts = new Map<string, number>();
  const found = new Set<number>();
  for (const one of seen) {
    const n = (counts.get(one.thread) ?? 0) + 1;
    counts.set(one.thread, n);
    if (isWanted(one)) found.add(n);
  }
  return Array.from(found).sort((a, b) => a - b);
}

function only({ call, path }: CallPoint, { folder }: Trial): string[] {
  return [`--trace=${call}`, ...(path === undefined ? [] : ["-P", join(folder, path)])];
}

/**
 * Does the work again and again, killed as it comes to each call that changes something in its
 * folder.
 *
 * @param stage lays out a trial; called for each anew
 * @param look at what is left
 * @param atOnce how many trials may run at a time, where they do not share a folder
 * @returns at which calls it was killed
 */
export async function killEverywhere(
  stage: () => Trial,
  look: (trial: Trial, point: CallPoint) => void | Promise<void>,
  atOnce = 1,
): Promise<CallPoint[]> {
  const kills: CallPoint[] = [];
  const groups = await groupsOf(stage, MUTATING, (seen) => seen.filter(({ failed }) => !failed));
  const kill = async (point: CallPoint) => {
    const trial = stage();
    const isKilled = await killsAt(trial, point);
    if (!isKilled) return false;
    kills.push(point);
    await look(trial, point);
    return true;
  };
  await inTurn(groups, atOnce, async (group) => {
    for (const point of group) await kill(point);
    // There may be more of them than the probe has seen: until it is killed no more.
    const last = group.at(-1) as CallPoint;
    for (let n = last.n + 1; await kill({ ...last, n }); n++);
  });
  return kills;
}

/** Whether the work comes to this call, at which it is killed. */
async function killsAt(trial: Trial, point: CallPoint): Promise<boolean> {
  const inject = `--inject=${point.call}:signal=KILL:when=${point.n}`;
  const { end, stderr } = await strace([...only(point, trial), inject], trial);
  if (end !== 0 && end !== "SIGKILL") throw new Error(`${describe(point)}: ${end}: ${stderr}`);
  return end !== 0;
}

/** Does the work once, killed as it comes to this call. */
export async function killAt(trial: Trial, point: CallPoint): Promise<void> {
  if (!(await killsAt(trial, point))) throw new Error(`it never comes to ${describe(point)}`);
}

/**
 * The calls by these names that the work makes in its folder.
 *
 * @param from a path within the folder: they count from the first one on it
 */
export async function callPoints(
  stage: () => Trial,
  calls: readonly string[],
  from = /(?:)/,
): Promise<CallPoint[]> {
  const groups = await groupsOf(stage, calls, (seen) =>
    seen.slice(seen.findIndex(({ path }) => from.test(path ?? ""))),
  );
  return groups.flat();
}

/** Does the work while the system refuses a call. */
export function failAt(
  trial: Trial,
  point: CallPoint,
  errno: string,
  isLasting: boolean,
): Promise<Outcome> {
  const when = `${point.n}${isLasting ? "+" : ""}`;
  const inject = `--inject=${point.call}:error=${errno}:when=${when}`;
  return strace([ONLY_TRACED, ...only(point, trial), inject], trial);
}

/** Whether something was refused, and first of all in the folder. */
export function hasFailedIn({ log }: Outcome, { folder }: Trial): boolean {
  const line = log.split("\n").find((text) => text.endsWith("(INJECTED)"));
  return line !== undefined && pathIn(line, folder) !== undefined;
}

export function describe({ call, n, path }: CallPoint): string {
  return path === undefined ? `${call} ${n}` : `${call} ${n} of "${path}"`;
}

/** Works on all items, on some at a time, until one fails. */
export async function inTurn<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    try {
      for (const item of left) await work(item);
    } finally {
      left.return?.();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
