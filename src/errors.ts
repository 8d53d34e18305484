/**
 * Every failure this library reports. A caller's mistake (wrong type, option out of range) is a
 * built-in `TypeError` or `RangeError`, thrown where the argument enters; all else derives from
 * {@link BloscacheError}. `code` is stable within a major version; messages are not.
 */

/** Root of the library's own errors: `error instanceof BloscacheError` tells them from others. */
export abstract class BloscacheError extends Error {
  /** Stable, machine-readable reason. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Why bytes were refused as a Bloscpack file; `docs/format.md` says what each one means. */
export type BloscpackErrorCode =
  | "BAD_MAGIC"
  | "UNSUPPORTED_VERSION"
  | "BAD_OPTIONS"
  | "UNKNOWN_CHECKSUM"
  | "BAD_HEADER_FIELD"
  | "TRUNCATED"
  | "METADATA_CHECKSUM"
  | "METADATA_SIZE"
  | "METADATA_INFLATE"
  | "METADATA_JSON"
  | "UNKNOWN_META_FORMAT"
  | "UNKNOWN_META_CODEC"
  | "BAD_META_OPTIONS"
  | "BAD_META_FIELD"
  | "BAD_OFFSET"
  | "OFFSET_ORDER"
  | "OFFSET_MISMATCH"
  | "BAD_CHUNK_HEADER"
  | "CHUNK_NBYTES"
  | "CHUNK_CHECKSUM"
  | "DECOMPRESS"
  | "NOT_NDARRAY"
  | "NDARRAY_DTYPE"
  | "NDARRAY_SHAPE"
  | "NDARRAY_ORDER"
  | "NDARRAY_SIZE";

export type BloscpackSection = "header" | "metadata" | "offsets" | "chunk" | "ndarray";

/** Where in a file the fault was found. */
export interface BloscpackFault {
  readonly section: BloscpackSection;
  /** Byte position in the file, where one is known. */
  readonly offset?: number;
  /** Index of the chunk, for faults in chunks and in their offsets. */
  readonly chunk?: number;
  /** Name of the field, as in `docs/format.md`. */
  readonly field?: string;
}

/** Bytes are not the Bloscpack file they claim to be. Nothing was read from them. */
export class BloscpackError extends BloscacheError {
  readonly code: BloscpackErrorCode;
  readonly section: BloscpackSection;
  readonly offset: number | undefined;
  readonly chunk: number | undefined;
  readonly field: string | undefined;

  constructor(code: BloscpackErrorCode, reason: string, fault: BloscpackFault, cause?: unknown) {
    super(`${code} in ${describe(fault)}: ${reason}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = fault.section;
    this.offset = fault.offset;
    this.chunk = fault.chunk;
    this.field = fault.field;
  }
}

function describe({ section, offset, chunk, field }: BloscpackFault): string {
  const name = section === "chunk" && chunk !== undefined ? `chunk ${chunk}` : section;
  const of = field === undefined ? "" : ` field "${field}"`;
  return `${name}${of}${offset === undefined ? "" : ` at byte ${offset}`}`;
}

/** C-Blosc refused to compress or decompress bytes that had passed every check. */
export class CodecError extends BloscacheError {
  readonly code = "CODEC_FAILED";
  readonly direction: "compress" | "decompress";
  /** C-Blosc's own return value. */
  readonly status: number;
  readonly chunk: number | undefined;

  constructor(direction: "compress" | "decompress", status: number, chunk?: number) {
    const which = chunk === undefined ? "" : ` chunk ${chunk}`;
    super(`C-Blosc failed to ${direction}${which}: status ${status}`);
    this.direction = direction;
    this.status = status;
    this.chunk = chunk;
  }
}

/** The disk or the index refused; `cause` is the system's error, whose `code` is the errno name. */
export class StoreError extends BloscacheError {
  readonly code = "STORE_FAILED";
  readonly operation: string;
  readonly location: string;

  constructor(operation: string, location: string, cause: unknown) {
    super(`Cannot ${operation} "${location}": ${messageOf(cause)}`, { cause });
    this.operation = operation;
    this.location = location;
  }
}

/** An argument cannot be hashed by value. Thrown before anything is computed. */
export class KeyError extends BloscacheError {
  readonly code = "UNHASHABLE_ARGUMENT";
  /** Where the value stands, such as `args[0].when`. */
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot hash ${path}: ${reason}`, options);
    this.path = path;
    this.reason = reason;
  }
}

/** A result cannot be stored. The caller of a memoized function gets the result all the same. */
export class ValueError extends BloscacheError {
  readonly code = "UNSTORABLE_RESULT";
  /** Where the value stands, such as `result.model.fn`. */
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot store ${path}: ${reason}`, options);
    this.path = path;
    this.reason = reason;
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "something that is no error and no text";
  }
}

/** A file has no room for what is to be added to it, and the caller asked that it not be rewritten. */
export class NotEnoughSpace extends BloscacheError {
  readonly code = "NOT_ENOUGH_SPACE";
}
