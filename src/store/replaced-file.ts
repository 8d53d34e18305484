/** What a file keeps of the one whose place it takes: place, permissions, and owner where allowed. */
import fs from "node:fs";
import { dirname, resolve } from "node:path";

/** Links in a row that are followed, as Linux does. */
const MAX_LINKS = 40;

/** Permissions and owner of a file. */
export interface Kept {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The name of the file that a path leads to. A link may be to a file that is not there yet.
 *
 * @throws the system's error when a folder on the way is not there, or links go round in circles
 */
export function followLinks(path: string): string {
  let at = path;
  for (let links = 0; ; links++) {
    if (!fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return at;
    // The system says best what is wrong with these.
    if (links === MAX_LINKS) return fs.realpathSync(path);
    at = resolve(fs.realpathSync(dirname(at)), fs.readlinkSync(at));
  }
}

/** `undefined` where no file is. */
export function keptOf(path: string): Kept | undefined {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) return undefined;
  return { mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
}

/** Gives an open file what another had, as far as this process may. */
export function keep(fd: number, { mode, uid, gid }: Kept): void {
  const own = fs.fstatSync(fd);
  const hasGroup = own.gid === gid || isAllowed(() => fs.fchownSync(fd, own.uid, gid));
  // What the old group was allowed, another group was not.
  const allowed = hasGroup ? mode : (mode & 0o707) | ((mode & 0o007) << 3);
  isAllowed(() => fs.fchmodSync(fd, allowed));
  if (own.uid !== uid) isAllowed(() => fs.fchownSync(fd, uid, hasGroup ? gid : own.gid));
}

function isAllowed(change: () => void): boolean {
  try {
    change();
    return true;
  } catch {
    return false;
  }
}
