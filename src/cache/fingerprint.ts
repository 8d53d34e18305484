/** A digest of what a function's source says, apart from its comments and its layout. */

import jsTokens, { type Token } from "js-tokens";
import { acquireHasher, releaseHasher } from "../store/hash.ts";
import { writeString } from "./encode.ts";
import { FINGERPRINT_FORMAT, LINE_BREAK } from "./key-tags.ts";

/**
 * Words after which a line break changes what a program means (`return⏎x` returns nothing).
 * Everywhere else, and except before `++` and `--`, taking a break out of a program that has no
 * syntax error leaves the same program or one that has: there is nothing to confuse it with.
 */
const RESTRICTED = /^(return|break|continue|throw|yield|async|accessor|using)$/;

/** After a restricted word these end the statement with or without a break. */
const CLOSING = /^[;}]$/;

/** A function without source of its own: built in, bound, or behind a Proxy. */
export function isNative(fn: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

/**
 * 32 hexadecimal digits that stay while comments, white space and line breaks of `fn` change. Any
 * other edit changes them, also one that keeps the meaning: quotes, parentheses, a new name for a
 * variable; and so may another compiler. What `fn` calls or captures is not part of its source.
 *
 * @throws {TypeError} if `fn` has no source, being native or bound
 */
export function fingerprint(fn: object): string {
  if (isNative(fn)) throw new TypeError("A native or bound function has no source to fingerprint");
  const hasher = acquireHasher();
  try {
    hasher.bytes(FINGERPRINT_FORMAT);
    let previous = "";
    let broken = false;
    for (const token of jsTokens(Function.prototype.toString.call(fn))) {
      if (isLayout(token)) {
        broken ||= breaksLine(token);
        continue;
      }
      if (broken && isBreakMeant(previous, token.value)) hasher.u8(LINE_BREAK);
      writeString(hasher, token.value);
      previous = token.value;
      broken = false;
    }
    return hasher.digestHex();
  } finally {
    releaseHasher(hasher);
  }
}

function isLayout(token: Token): boolean {
  return (
    token.type === "WhiteSpace" ||
    token.type === "LineTerminatorSequence" ||
    token.type === "SingleLineComment" ||
    token.type === "MultiLineComment"
  );
}

/** A comment over several lines is a line break to the language. */
function breaksLine(token: Token): boolean {
  if (token.type === "LineTerminatorSequence") return true;
  return token.type === "MultiLineComment" && /[\n\r\u2028\u2029]/.test(token.value);
}

function isBreakMeant(previous: string, next: string): boolean {
  if (next === "++" || next === "--") return true;
  return RESTRICTED.test(previous) && !CLOSING.test(next);
}
