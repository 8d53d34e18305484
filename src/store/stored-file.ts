/** Bloscpack files of users: what a killed writer left half done is undone before they are read. */
import type { ByteSource, ByteSourceSync } from "../format/source.ts";
import { withFile, withFileSync } from "./file-io.ts";
import { recover, recoverSync } from "./journal.ts";

/** Opens a file for the time of a call. @throws {StoreError} as {@link recover} does */
export async function withStoredFile<T>(
  path: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  await recover(path);
  return withFile(path, use);
}

/** {@link withStoredFile}, synchronously. */
export function withStoredFileSync<T>(path: string, use: (source: ByteSourceSync) => T): T {
  recoverSync(path);
  return withFileSync(path, use);
}
