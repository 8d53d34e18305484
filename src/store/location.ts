/**
 * The folder of a cache.
 *
 *     CACHEDIR.TAG  .gitignore  format.json    what it is, for backup programs, git and us
 *     index/                                   LMDB
 *     leases                                   empty; locks on it tell who computes what
 *     marks/                                   who is using the index, who has not synced it
 *     objects/<function>/<2 hex>/<key>-<stamp>-<n>.blp
 *     tmp/                                     files being written
 */
import fs from "node:fs";
import { join } from "node:path";
import { StoreError } from "../errors.ts";

/** Version of this layout and of the rows; a folder of a later version is left alone. */
const LAYOUT_VERSION = 1;

/** A temporary file that is older belongs to nobody any more, ms. */
const LITTER_AGE_MS = 60 * 60 * 1000;

/** As https://bford.info/cachedir/ defines it: backup programs skip the folder. */
const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder was made by bloscache. It can be removed at any time: its content is recomputed.
`;

export interface Layout {
  readonly location: string;
  readonly index: string;
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

/**
 * Makes the folder, or checks an existing one, and sweeps away what killed writers left.
 *
 * @param path absolute
 * @throws {StoreError} when it cannot be made, or is of a later version
 */
export function openLocation(path: string): Layout {
  const location = makeFolder(path);
  const layout = {
    location,
    index: join(location, "index"),
    leases: join(location, "leases"),
    marks: join(location, "marks"),
    objects: join(location, "objects"),
    tmp: join(location, "tmp"),
  };
  try {
    for (const folder of [layout.marks, layout.objects, layout.tmp]) {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    writeOnce(join(location, "CACHEDIR.TAG"), CACHEDIR_TAG);
    writeOnce(join(location, ".gitignore"), "*\n");
    writeOnce(join(location, "format.json"), `${JSON.stringify({ version: LAYOUT_VERSION })}\n`);
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
  const path = join(location, "format.json");
  const text = fs.readFileSync(path, "utf8");
  let version: unknown;
  try {
    version = (JSON.parse(text) as { version?: unknown } | null)?.version;
  } catch {
    // A writer that was cut off by a power failure; nothing else is lost with it.
  }
  if (version === LAYOUT_VERSION) return;
  if (typeof version === "number" && version > LAYOUT_VERSION) {
    throw new StoreError(
      "open cache",
      location,
      new Error(`its layout has version ${version}, this release knows ${LAYOUT_VERSION}`),
    );
  }
  fs.writeFileSync(path, `${JSON.stringify({ version: LAYOUT_VERSION })}\n`, { mode: 0o600 });
}

function sweep(tmp: string): void {
  const oldest = Date.now() - LITTER_AGE_MS;
  for (const name of fs.readdirSync(tmp)) {
    const path = join(tmp, name);
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < oldest) fs.rmSync(path, { force: true });
  }
}
