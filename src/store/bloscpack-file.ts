/** Files into Bloscpack files, and back. */
import { fileURLToPath } from "node:url";
import { type PackResult, type PackStreamOptions, pack } from "../format/pack-stream.ts";
import { type UnpackResult, type UnpackStreamOptions, unpack } from "../format/unpack-stream.ts";
import { FileSink, FileSource } from "./file-endpoints.ts";
import { readSettled } from "./settled.ts";
import { run, stepLater } from "./steps.ts";

/**
 * Packs a file. The result appears under its name when it is complete; memory does not depend on
 * the size.
 *
 * @throws {TypeError | RangeError} for an option; the system's error when a file cannot be read or
 *   written
 */
export async function packFile(
  inFile: string | URL,
  outFile: string,
  options?: PackStreamOptions,
): Promise<PackResult> {
  const source = await FileSource.open(inFile);
  return pack(source, await createFor(source, outFile), options);
}

/**
 * Unpacks a Bloscpack file. The result appears under its name when all of it has been verified.
 *
 * @throws {BloscpackError} when `inFile` is not a valid Bloscpack file; the system's error when a
 *   file cannot be read or written
 */
export async function unpackFile(
  inFile: string | URL,
  outFile: string,
  options?: UnpackStreamOptions,
): Promise<UnpackResult> {
  const path = inFile instanceof URL ? fileURLToPath(inFile) : inFile;
  const read = async () => {
    const source = await FileSource.open(inFile);
    return unpack(source, await createFor(source, outFile), options);
  };
  return run(readSettled(path, () => stepLater(read)));
}

/** A sink for a source that is already open. */
async function createFor(source: FileSource, outFile: string): Promise<FileSink> {
  try {
    return await FileSink.create(outFile);
  } catch (error) {
    await source.close();
    throw error;
  }
}
