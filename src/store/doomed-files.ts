/**
 * Files whose results were removed to keep the cache small. They stay for a moment: whoever has
 * read a row just before opens its files just after. Until they are gone the index tells of them,
 * written in the transaction that removes the row, so that a process which is killed in between
 * leaves no file that nobody knows of.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Change } from "../blosc/lmdb-changes.ts";
import type { IndexDb } from "./index-db.ts";
import type { Layout } from "./location.ts";
import { DOOMED_TABLE, numberedKey, numberOf } from "./usage.ts";

/** From reading a row to opening its files takes microseconds; off the main thread it may be more. */
export const GRACE_MS = 100;

/** Rows whose files are removed at a time. */
const BATCH = 64;
/** Bytes of the index that are read for it. */
const SCAN_BYTES = 16 * 1024;

interface Doomed {
  readonly key: Uint8Array;
  readonly paths: readonly string[];
}

/**
 * Notes, with the removal of a row, that its files are to go.
 *
 * @param stamp of the row: a result may come and go twice in a millisecond
 * @param paths absolute
 */
export function dooming(
  layout: Layout,
  row: Uint8Array,
  stamp: number,
  paths: readonly string[],
): NonNullable<Change["put"]>[number] {
  // Relative: a cache may be moved.
  const names = paths.map((path) => path.slice(layout.objects.length + 1)).join("\n");
  return [numberedKey(DOOMED_TABLE, [Date.now(), stamp], row), Buffer.from(names, "utf8")];
}

/** Absolute paths of all files whose removal is noted. @throws {StoreError} */
export function* doomedPaths(layout: Layout, index: IndexDb): Generator<string, void, undefined> {
  for (const { row } of index.scan(DOOMED_TABLE)) yield* pathsIn(layout, row);
}

export class DoomedFiles {
  readonly #layout: Layout;
  readonly #index: IndexDb;

  constructor(layout: Layout, index: IndexDb) {
    this.#layout = layout;
    this.#index = index;
  }

  /** When the first ones may go, ms since 1970; `undefined` when there are none. */
  dueAt(): number | undefined {
    for (const { key } of this.#index.scan(DOOMED_TABLE, undefined, SCAN_BYTES)) {
      return isDue(key) ? Date.now() : numberOf(key) + GRACE_MS;
    }
    return undefined;
  }

  /** Removes those whose time has come, until `isLate`. */
  removeDueSync(isLate: () => boolean): void {
    for (let due = this.#due(); due.length > 0 && !isLate(); due = this.#due()) {
      for (const { paths } of due) for (const path of paths) fs.rmSync(path, { force: true });
      this.#forget(due);
    }
  }

  /** {@link removeDueSync} off the main thread, all of them. */
  async removeDue(): Promise<void> {
    for (let due = this.#due(); due.length > 0; due = this.#due()) {
      const paths = due.flatMap((doomed) => doomed.paths);
      await Promise.all(paths.map((path) => fs.promises.rm(path, { force: true })));
      this.#forget(due);
    }
  }

  #due(): Doomed[] {
    const due: Doomed[] = [];
    for (const { key, row } of this.#index.scan(DOOMED_TABLE, undefined, SCAN_BYTES)) {
      if (due.length === BATCH) break;
      if (isDue(key)) due.push({ key: key.slice(), paths: pathsIn(this.#layout, row) });
    }
    return due;
  }

  #forget(due: readonly Doomed[]): void {
    this.#index.write(due.map(({ key }) => ({ delete: [key] })));
  }
}

/** A clock that was set back must not keep them, and those who wait for them, for hours. */
function isDue(key: Uint8Array): boolean {
  const age = Date.now() - numberOf(key);
  return age >= GRACE_MS || age < 0;
}

/** Nothing outside of the cache, whatever stands there. */
function pathsIn({ objects }: Layout, row: Uint8Array): string[] {
  const names = Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString("utf8");
  const paths = names.split("\n").map((name) => join(objects, name));
  return paths.filter((path) => path.startsWith(objects) && path.endsWith(".blp"));
}
