/** The key of one call: which function, in which version, on which `this`, with which arguments. */

import { acquireHasher, type Hasher, releaseHasher } from "../store/hash.ts";
import { Encoder, writeString } from "./encode.ts";
import type { FunctionIdentity } from "./identity.ts";
import * as tag from "./key-tags.ts";
import { isAbortSignal } from "./realm.ts";
import { type Receiver, writeReceiver } from "./receiver.ts";

/** 128 bits: XXH64 of the encoding under two seeds. `docs/keys.md` is the specification. */
export type CallKey = Uint8Array;

/**
 * The same function, version, receiver and arguments give the same key in every process, on every
 * platform, in every release. Trailing arguments that are `undefined` or an `AbortSignal` do not
 * count: leaving them out is the same call.
 *
 * @param receiver - what stands for `this`; absent when `this` does not count
 * @returns 16 bytes in memory of their own
 * @throws {KeyError} if an argument cannot be hashed by value
 * @throws {TypeError} if a receiver cannot be hashed by its fields
 */
export function callKey(
  identity: FunctionIdentity,
  args: readonly unknown[],
  receiver?: Receiver,
): CallKey {
  const hasher = acquireHasher();
  try {
    hasher.bytes(tag.KEY_FORMAT);
    writeString(hasher, identity.id);
    writeString(hasher, identity.version);
    if (receiver === undefined) hasher.u8(tag.NO_THIS);
    else writeReceiver(hasher, receiver);
    writeArguments(hasher, args);
    return hasher.digest();
  } finally {
    releaseHasher(hasher);
  }
}

/** 32 lower-case hexadecimal digits, as in the names of files. */
export function keyHex(key: CallKey): string {
  let hex = "";
  for (const byte of key) hex += HEX_PAIRS[byte];
  return hex;
}

/** Sixteen look-ups take a fifth of the time of making a Buffer for them. */
const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function writeArguments(hasher: Hasher, args: readonly unknown[]): void {
  let count = args.length;
  while (count > 0 && isOmissible(args[count - 1])) count--;
  const encoder = new Encoder(hasher, "args");
  hasher.u32(count);
  try {
    encoder.list(args, count);
  } catch (error) {
    throw encoder.errorFor(error);
  }
}

function isOmissible(arg: unknown): boolean {
  return arg === undefined || isAbortSignal(arg);
}
