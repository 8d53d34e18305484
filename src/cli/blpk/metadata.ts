/** Metadata in files of its own, and on the screen. */
import { randomUUID } from "node:crypto";
import { BytesSink } from "../../format/memory-endpoints.ts";
import type { Metadata } from "../../format/metadata.ts";
import { parseMetadata } from "../../format/metadata-json.ts";
import { openSource, requireFile, STANDARD_STREAM } from "../endpoints.ts";
import { CliError, EXIT_FAILURE } from "../failure.ts";
import type { Session } from "../session.ts";

/** Lines that are longer are broken, as the reference does. */
const WIDTH = 90;

/** Bytes that are read at a time. */
const PIECE_BYTES = 64 * 1024;

/** Reads the JSON that `-m` names. As in the reference, `null` means that there is none. */
export async function readMetadataFile(
  name: string | undefined,
  session: Session,
): Promise<Metadata | undefined> {
  if (name === undefined) return undefined;
  if (name === STANDARD_STREAM) throw new CliError("metadata is read from a file, not from stdin");
  await requireFile(name, session, "metadata file");
  const text = await readText(name, session);
  try {
    return (parseMetadata(text) as Metadata) ?? undefined;
  } catch (cause) {
    throw new CliError(`'${name}' is not JSON: ${(cause as Error).message}`, EXIT_FAILURE, {
      cause,
    });
  }
}

async function readText(name: string, session: Session): Promise<string> {
  const sink = new BytesSink();
  const source = await openSource(name, session);
  try {
    const target = new Uint8Array(PIECE_BYTES);
    for (let n = await source.read(target); n > 0; n = await source.read(target)) {
      sink.append([target.subarray(0, n)]);
    }
  } finally {
    await source.close?.();
  }
  return Buffer.from(sink.bytes()).toString("utf8");
}

/** Metadata that says something, by the reference's measure: nothing empty, zero or false. */
export function isTelling(metadata: Metadata | undefined): metadata is Metadata {
  if (typeof metadata !== "object" || metadata === null) return Boolean(metadata);
  return Object.keys(metadata).length > 0;
}

/** The metadata for people: JSON, with Python's words for what JSON has no numbers for. */
export function formatMetadata(metadata: Metadata): string {
  const line = readable(metadata);
  return line.length <= WIDTH ? line : readable(metadata, 2);
}

/** As `stringifyMetadata`, but with all letters as they are: who reads it is no old program. */
function readable(metadata: Metadata, indent?: number): string {
  const mark = randomUUID();
  const text = JSON.stringify(
    metadata,
    (_key, field: unknown) => (isNonFinite(field) ? `${mark}${field}` : field),
    indent,
  );
  return text.replaceAll(new RegExp(`"${mark}([^"]+)"`, "g"), "$1");
}

/** Numbers that Python's JSON has and the standard has not. */
export function isNonFinite(field: unknown): field is number {
  return typeof field === "number" && !Number.isFinite(field);
}
