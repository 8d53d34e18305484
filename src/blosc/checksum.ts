/** The checksums of Bloscpack: their names, ids and sizes. `native/checksum.h` computes them. */

export type ChecksumName =
  | "None"
  | "adler32"
  | "crc32"
  | "md5"
  | "sha1"
  | "sha224"
  | "sha256"
  | "sha384"
  | "sha512";

export interface Checksum {
  readonly name: ChecksumName;
  /** Bytes of a digest. */
  readonly size: number;
}

/** A checksum's place in this table is its id in a file. */
export const CHECKSUMS: readonly Checksum[] = [
  { name: "None", size: 0 },
  { name: "adler32", size: 4 },
  { name: "crc32", size: 4 },
  { name: "md5", size: 16 },
  { name: "sha1", size: 20 },
  { name: "sha224", size: 28 },
  { name: "sha256", size: 32 },
  { name: "sha384", size: 48 },
  { name: "sha512", size: 64 },
];

/** The id of a checksum in a file. Throws a `RangeError` for a name that is none. */
export function checksumId(name: ChecksumName): number {
  const id = CHECKSUMS.findIndex((checksum) => checksum.name === name);
  if (id !== -1) return id;
  const names = CHECKSUMS.map((checksum) => checksum.name).join(", ");
  throw new RangeError(`checksum must be one of ${names}, not "${String(name)}"`);
}

/** Bytes of a digest. Throws a `RangeError` for a name that is none. */
export function checksumSize(name: ChecksumName): number {
  return CHECKSUMS[checksumId(name)]?.size ?? 0;
}
