/**
 * The folder of a cache.
 *
 *     CACHEDIR.TAG  .gitignore  format.json    what it is, for backup programs, git and us
 *     index/                                   LMDB
 *     index.damaged/                           the last one that could not be used, until a rebuild
 *     leases/                                  empty files; locks on them tell who computes what
 *     marks/                                   who is using the index, who has not synced it
 *     objects/<function>/<2 hex>/<key>-<stamp>-<n>.blp
 *     tmp/                                     files being written
 */
import fs from "node:fs";
import { join } from "node:path";
import { StoreError } from "../errors.ts";

/** Version of this layout and of the rows; a folder of a later version is left alone. */
const LAYOUT_VERSION = 1;
const VERSION_FILE = "format.json";

/** A file that no row speaks of, and that is older, belongs to nobody any more, ms. */
export const LITTER_AGE_MS: number = 60 * 60 * 1000;

/** As https://bford.info/cachedir/ defines it: backup programs skip the folder. */
const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder was made by bloscache. It can be removed at any time: its content is recomputed.
`;

export interface Layout {
  readonly location: string;
  readonly index: string;
  /**
   * An index that was damaged, or an empty folder if it was gone, as long as a rebuild may find more
   * results than are known.
   */
  readonly lostIndex: string;
  readonly leases: string;
  readonly marks: string;
  readonly objects: string;
  readonly tmp: string;
}

/** One folder has one name, whatever links lead to it: LMDB must not be opened twice. */
function makeFolder(path: string): string {
  try {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
    return fs.realpathSync(path);
  } catch (error) {
    throw new StoreError("open cache", path, error);
  }
}

function layoutOf(location: string): Layout {
  return {
    location,
    index: join(location, "index"),
    lostIndex: join(location, "index.damaged"),
    leases: join(location, "leases"),
    marks: join(location, "marks"),
    objects: join(location, "objects"),
    tmp: join(location, "tmp"),
  };
}

/**
 * The folder of a cache that is there; nothing is made, changed or swept away.
 *
 * @param path absolute
 * @throws {StoreError} when it holds no cache, or one of a later version
 */
export function findLocation(path: string): Layout {
  try {
    if (!fs.existsSync(join(path, VERSION_FILE))) throw new Error("it holds no cache");
    const location = fs.realpathSync(path);
    refuseLater(location, readVersion(location));
    return layoutOf(location);
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError("open cache", path, error);
  }
}

/**
 * Makes the folder, or checks an existing one, and sweeps away what killed writers left.
 *
 * @param path absolute
 * @throws {StoreError} when it cannot be made, or is of a later version
 */
export function openLocation(path: string): Layout {
  const location = makeFolder(path);
  const layout = layoutOf(location);
  try {
    for (const folder of [layout.marks, layout.objects, layout.tmp]) {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    writeOnce(join(location, "CACHEDIR.TAG"), CACHEDIR_TAG);
    writeOnce(join(location, ".gitignore"), "*\n");
    writeOnce(join(location, VERSION_FILE), `${JSON.stringify({ version: LAYOUT_VERSION })}\n`);
    checkVersion(location);
    sweep(layout.tmp);
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError("open cache", location, error);
  }
  return layout;
}

/** Writes a file unless it is there: what a user put into it stays. */
function writeOnce(path: string, text: string): void {
  if (fs.existsSync(path)) return;
  try {
    fs.writeFileSync(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function checkVersion(location: string): void {
  const version = readVersion(location);
  if (version === LAYOUT_VERSION) return;
  refuseLater(location, version);
  const text = `${JSON.stringify({ version: LAYOUT_VERSION })}\n`;
  fs.writeFileSync(join(location, VERSION_FILE), text, { mode: 0o600 });
}

function readVersion(location: string): unknown {
  // Not read as text: there Node ends the process when the system fails to close the file.
  const bytes = fs.readFileSync(join(location, VERSION_FILE));
  try {
    return (JSON.parse(bytes.toString("utf8")) as { version?: unknown } | null)?.version;
  } catch {
    // A writer that was cut off by a power failure; nothing else is lost with it.
    return undefined;
  }
}

function refuseLater(location: string, version: unknown): void {
  if (typeof version !== "number" || version <= LAYOUT_VERSION) return;
  throw new StoreError(
    "open cache",
    location,
    new Error(`its layout has version ${version}, this release knows ${LAYOUT_VERSION}`),
  );
}

function sweep(tmp: string): void {
  const oldest = Date.now() - LITTER_AGE_MS;
  for (const name of fs.readdirSync(tmp)) {
    const path = join(tmp, name);
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < oldest) fs.rmSync(path, { force: true });
  }
}
