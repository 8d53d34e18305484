/** Bloscpack files of users: what a killed writer left half done is undone before they are read. */
import type { ByteSource, ByteSourceSync, OpenFile } from "../format/source.ts";
import { withFile, withFileSync } from "./file-io.ts";
import { readSettled } from "./settled.ts";
import { run, runSync, stepLater, stepNow } from "./steps.ts";

/** Opens a file for the time of a call, which is made again if others have written in between. */
export function withStoredFile<T>(
  path: string,
  use: (source: ByteSource & OpenFile) => Promise<T>,
): Promise<T> {
  const read = () => stepLater(() => withFile(path, use));
  return run(readSettled(path, read));
}

/** {@link withStoredFile}, synchronously. */
export function withStoredFileSync<T>(
  path: string,
  use: (source: ByteSourceSync & OpenFile) => T,
): T {
  const read = () => stepNow(() => withFileSync(path, use));
  return runSync(readSettled(path, read));
}
