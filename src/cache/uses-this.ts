/** Whether a function can depend on its `this`. */
import jsTokens from "js-tokens";

/** Words by which source text reaches `this`; what eval runs cannot be seen. */
const WORDS: ReadonlySet<string> = new Set(["this", "super", "eval"]);

/** False only if no word in the source leads to `this`: then the receiver cannot matter. */
export function usesThis(fn: (...args: never[]) => unknown): boolean {
  for (const token of jsTokens(Function.prototype.toString.call(fn))) {
    if (token.type === "IdentifierName" && WORDS.has(token.value)) return true;
  }
  return false;
}
