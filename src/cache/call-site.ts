/** Which module called into this library, and what to call that module on every machine. */

// biome-ignore lint/style/noRestrictedImports: a package.json is no file of the cache
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CODE_ROOT } from "../blosc/own-package.ts";

/** Stands for code that is in no file: the REPL, `node -e`, `data:` modules. */
export const NO_FILE = "<repl>";

const NOWHERE: CallSite = { path: NO_FILE, load: NO_FILE };

/** What Node calls `--input-type=module -e` code, as if it were a file in the working directory. */
const EVALUATED = /^\[eval\d*\]$/;

/** How far to look for the caller; this library is not that deep. */
const FRAMES = 50;

export interface CallSite {
  /** Absolute path of the module; `<repl>` when it is code in no file. */
  readonly path: string;
  /**
   * What the module was loaded as: a module that is imported again under another query, as hot
   * reload does, is the same path and another load.
   */
  readonly load: string;
}

/**
 * The module of the first caller outside this library and outside Node.
 *
 * @param below - callers are looked for below this function; needed only where this library was
 *   bundled into the caller's own file, and its frames cannot be told by their file names
 */
export function callSite(below: (...args: never[]) => unknown = callSite): CallSite {
  for (const frame of framesBelow(below)) {
    const file = frame.getFileName() ?? undefined;
    // Native and eval'd frames have no file; whoever called them has.
    if (file === undefined || file.startsWith("node:")) continue;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (!isAbsolute(path) || EVALUATED.test(basename(path))) return NOWHERE;
    if (!path.startsWith(CODE_ROOT)) return { path, load: file };
  }
  return NOWHERE;
}

function framesBelow(below: (...args: never[]) => unknown): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(holder, below);
    // The trace is prepared when it is first read.
    return Array.isArray(holder.stack) ? holder.stack : [];
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/**
 * `<package name>@/<path in the package, with slashes>`, the same wherever the package lies. The
 * package is the nearest one with a name: a nested package.json that only says
 * `{"type": "module"}` does not count. Without a package the path is from the working directory.
 */
export function moduleName(file: string): string {
  const from = file === NO_FILE ? process.cwd() : dirname(file);
  const home = findPackage(from);
  const root = home?.directory ?? process.cwd();
  const path = file === NO_FILE ? NO_FILE : relative(root, file).split(sep).join("/");
  return `${home?.name ?? ""}@/${path}`;
}

interface Package {
  readonly name: string;
  readonly directory: string;
}

/** By directory; packages do not move while they run. */
const packages = new Map<string, Package | undefined>();

function findPackage(directory: string): Package | undefined {
  if (packages.has(directory)) return packages.get(directory);
  const parent = dirname(directory);
  const name = packageNameIn(directory);
  const isTop = parent === directory || basename(directory) === "node_modules";
  const found = name !== undefined ? { name, directory } : isTop ? undefined : findPackage(parent);
  packages.set(directory, found);
  return found;
}

function packageNameIn(directory: string): string | undefined {
  const file = join(directory, "package.json");
  if (!existsSync(file)) return undefined;
  try {
    const { name } = JSON.parse(readFileSync(file, "utf8")) as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // A broken package.json is for other tools to report.
    return undefined;
  }
}
