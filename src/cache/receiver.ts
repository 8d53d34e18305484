/** What stands for `this` in the key of a method call. */

import jsTokens from "js-tokens";
import { classNameOf } from "../adapters/kind.ts";
import type { Hasher } from "../store/hash.ts";
import { Encoder, keySymbol } from "./encode.ts";
import { writerOf } from "./encode-builtins.ts";
import * as tag from "./key-tags.ts";

/** `fields`: `value` is `this` itself. `key`: `value` is what the user's `this` option made of it. */
export interface Receiver {
  readonly by: "fields" | "key";
  readonly value: unknown;
}

/** State that TypeScript, esbuild and Babel move out of sight when they lower `#private` names. */
const LOWERED_PRIVATE =
  /^(__privateAdd|__privateGet|__classPrivate\w+|_classPrivate\w+|_class_private_\w+)$/;

const WAYS_OUT =
  "Memoize it with { this: 'ignore' } if the result does not depend on the instance, with " +
  "{ this: (self) => key } to say what it depends on, or give the class a [keySymbol]() method";

/**
 * @throws {TypeError} if the fields of `this` cannot stand for it
 * @throws {KeyError} if what the user's option returned cannot be hashed
 */
export function writeReceiver(hasher: Hasher, receiver: Receiver): void {
  const { by, value } = receiver;
  const encoder = new Encoder(hasher, "this");
  hasher.u8(tag.THIS);
  try {
    if (by === "fields" && isInstance(value)) writeInstance(encoder, value);
    else encoder.value(value);
  } catch (error) {
    const cause = encoder.errorFor(error);
    if (by === "key") throw cause;
    throw new TypeError(`Cannot hash \`this\` by its fields: ${cause.message}. ${WAYS_OUT}.`, {
      cause,
    });
  }
}

/**
 * Tells at decoration time what {@link callKey} would find at the first call.
 *
 * @throws {TypeError} if instances of `owner`, a class, have state that their fields do not show
 */
export function assertThisHashable(owner: { readonly prototype: object }): void {
  if (keySymbol in owner.prototype) return;
  const reason = hiddenState(owner.prototype);
  if (reason !== undefined) {
    throw new TypeError(`Cannot hash \`this\` by its fields: ${reason}. ${WAYS_OUT}.`);
  }
}

/** Whether `value` is of a class that arguments could not be of. */
function isInstance(value: unknown): value is object {
  if (typeof value !== "object" || value === null || keySymbol in value) return false;
  return writerOf(value) === undefined;
}

function writeInstance(encoder: Encoder, self: object): void {
  const prototype: object = Object.getPrototypeOf(self);
  const reason = hiddenState(prototype);
  if (reason !== undefined) encoder.refuse(reason);
  const keys = encoder.fieldKeys(self);
  if (Object.getOwnPropertyNames(self).length > keys.length) {
    encoder.refuse("it has fields that are not enumerable");
  }
  encoder.enter(self);
  encoder.hasher.u8(tag.INSTANCE);
  encoder.string(classNameOf(prototype));
  encoder.fields(self, keys);
  encoder.leave();
}

/** Why fields would not tell two instances apart, for the first class on the way up that hides any. */
function hiddenState(prototype: object): string | undefined {
  let level: object | null = prototype;
  while (level !== null && Object.getPrototypeOf(level) !== null) {
    const maker: unknown = Object.hasOwn(level, "constructor") && level.constructor;
    if (typeof maker === "function") {
      const reason = hiddenBy(maker);
      if (reason !== undefined) return reason;
    }
    level = Object.getPrototypeOf(level);
  }
  return undefined;
}

/** Reasons by class; a source is read once. */
const known = new WeakMap<object, { readonly reason: string | undefined }>();

function hiddenBy(maker: { readonly name: string }): string | undefined {
  let found = known.get(maker);
  if (found === undefined) {
    found = { reason: findHidden(maker) };
    known.set(maker, found);
  }
  return found.reason;
}

function findHidden(maker: { readonly name: string }): string | undefined {
  const source = Function.prototype.toString.call(maker);
  if (source.endsWith("{ [native code] }")) {
    return `its class extends the built-in ${maker.name}, whose contents are not fields`;
  }
  for (const token of jsTokens(source)) {
    if (token.type === "PrivateIdentifier") {
      return `class ${maker.name} has the private ${token.value}, which no other code can read`;
    }
    if (token.type === "IdentifierName" && LOWERED_PRIVATE.test(token.value)) {
      return `class ${maker.name} has private fields, which no other code can read`;
    }
  }
  return undefined;
}
