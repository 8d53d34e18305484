/** Bloscpack files that several trials read, made by the first of them. */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { packNdarrayToFileSync } from "bloscache/format";

/** What both sides pack with; the rest is the defaults of both: chunks of 1 MiB, adler32, offsets. */
export const lz4 = { cname: "lz4", clevel: 5, shuffle: "shuffle" };

/** The path of the file in this folder that holds the array. */
export function packedFile(folder, name, arrayOf) {
  const path = join(folder, name);
  if (!existsSync(path)) {
    const part = join(folder, `part-${name}`);
    packNdarrayToFileSync(part, arrayOf(), lz4);
    renameSync(part, path);
  }
  return path;
}
