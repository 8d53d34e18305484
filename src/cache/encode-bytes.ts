/** Writers for typed arrays and raw memory: the bytes of the view, never of the buffer behind it. */

import { types } from "node:util";
import type { Encoder } from "./encode.ts";
import * as tag from "./key-tags.ts";
import { hasSymbolKeys, ownFieldBeside } from "./own-fields.ts";

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
const typeNameOf = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag)
  ?.get as () => string | undefined;

/** A Buffer is written as the Uint8Array it is. Bytes stand as in memory, which is little-endian. */
export function writeTyped(encoder: Encoder, array: Uint8Array): void {
  // The type as the engine knows it, whatever realm the array is from.
  const dtype = tag.DTYPES.get(typeNameOf.call(array) ?? "");
  if (dtype === undefined) encoder.refuse("it has the prototype of a typed array, but is none");
  refuseFields(encoder, array);
  encoder.hasher.u8(tag.TYPED_ARRAY);
  encoder.hasher.u8(dtype);
  writeBytes(encoder, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}

/** A resizable buffer is written as it is now, like any other. */
export function writeArrayBuffer(encoder: Encoder, buffer: ArrayBuffer): void {
  refuseFields(encoder, buffer);
  encoder.hasher.u8(tag.ARRAY_BUFFER);
  writeBytes(encoder, new Uint8Array(buffer));
}

/** Written as it is now. Another thread that writes it meanwhile makes any key meaningless. */
export function writeSharedBuffer(encoder: Encoder, buffer: SharedArrayBuffer): void {
  refuseFields(encoder, buffer);
  encoder.hasher.u8(tag.SHARED_BUFFER);
  writeBytes(encoder, new Uint8Array(buffer));
}

export function writeDataView(encoder: Encoder, view: DataView): void {
  if (!types.isDataView(view)) encoder.refuse("it has the prototype of a DataView, but is none");
  refuseFields(encoder, view);
  encoder.hasher.u8(tag.DATA_VIEW);
  writeBytes(encoder, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

function writeBytes(encoder: Encoder, bytes: Uint8Array): void {
  encoder.hasher.u64(bytes.byteLength);
  encoder.hasher.bytes(bytes);
}

/**
 * A field set on such an object changes what a function sees but not what is written: people do
 * set `shape` on a typed array, and a key that passes over it would serve wrong results.
 */
export function refuseFields(encoder: Encoder, object: object): void {
  const field = ownFieldBeside(object);
  if (field !== undefined) {
    encoder.refuse(`it has a field of its own, ${JSON.stringify(field)}, beside its value`);
  }
  if (hasSymbolKeys(object)) encoder.refuse("it has own symbol keys");
}
