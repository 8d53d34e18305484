/** Objects of a result that hold one value. */

import type { DraftArray } from "../store/draft.ts";
import { copyInto, draftOf } from "./result-arrays.ts";
import type { ResultReader } from "./result-reader.ts";
import { type Json, special, UnsupportedError } from "./result-skeleton.ts";
import type { ResultWriter } from "./result-writer.ts";

export function writeDate(writer: ResultWriter, date: Date): Json {
  writer.refuseFields(date);
  const ms = Date.prototype.getTime.call(date);
  return special("date", Number.isNaN(ms) ? null : ms);
}

export function readDate(reader: ResultReader, [ms]: Json[]): Date {
  return reader.begin(new Date(ms === null ? Number.NaN : (ms as number)));
}

/** `lastIndex` can be set to anything. */
export function writeRegExp(writer: ResultWriter, regexp: RegExp): Json {
  writer.refuseFields(regexp);
  const { source, flags, lastIndex } = regexp;
  return special("regexp", source, flags, writer.part("lastIndex", lastIndex));
}

export function readRegExp(reader: ResultReader, [source, flags, lastIndex]: Json[]): RegExp {
  const regexp = reader.begin(compile(source as string, flags as string));
  regexp.lastIndex = reader.value(lastIndex as Json) as number;
  return regexp;
}

/** A later runtime, whose syntax has more, may have stored it. */
function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new UnsupportedError(`/${source}/${flags}`, { cause });
  }
}

export function writeUrl(writer: ResultWriter, url: URL): Json {
  writer.refuseFields(url);
  return special("url", url.href);
}

export function readUrl(reader: ResultReader, [href]: Json[]): URL {
  return reader.begin(new URL(href as string));
}

export function writeParams(writer: ResultWriter, params: URLSearchParams): Json {
  writer.refuseFields(params);
  return special("params", params.toString());
}

export function readParams(reader: ResultReader, [text]: Json[]): URLSearchParams {
  return reader.begin(new URLSearchParams(text as string));
}

export function writeBoxed(writer: ResultWriter, boxed: object, name: string): Json {
  writer.refuseFields(boxed);
  const primitive = boxed.valueOf();
  if (typeof primitive === "object") writer.refuseImitation(name);
  return special("boxed", writer.value(primitive));
}

export function readBoxed(reader: ResultReader, [primitive]: Json[]): object {
  return reader.begin(Object(reader.value(primitive as Json)) as object);
}

/** An `ArrayBuffer` that can be resized, a `SharedArrayBuffer` that can grow. */
interface ResizableBuffer {
  readonly resizable?: boolean;
  readonly growable?: boolean;
  readonly maxByteLength?: number;
}

export function isResizable(name: string, object: ResizableBuffer): boolean {
  if (name === "ArrayBuffer") return object.resizable === true;
  return name === "SharedArrayBuffer" && object.growable === true;
}

/** Made anew at its full size, hence no array like others. */
export function writeResizable(writer: ResultWriter, buffer: ResizableBuffer, name: string): Json {
  writer.refuseFields(buffer);
  const n = writer.array(buffer, () => draftOf(name, buffer) as DraftArray);
  return special("resizable", n, buffer.maxByteLength as number);
}

/** The option is newer than the language level that the types of this project are at. */
type ResizableConstructor = new (
  nbytes: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer;

export function readResizable(reader: ResultReader, [n, maxByteLength]: Json[]): ArrayBuffer {
  const plain = reader.array(n as number) as ArrayBuffer;
  const Class = plain.constructor as ResizableConstructor;
  const options = { maxByteLength: maxByteLength as number };
  return reader.begin(copyInto(new Class(plain.byteLength, options), plain));
}
