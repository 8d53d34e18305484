/** Where in a call's arguments a value stands, in the words of the language: `args[0].when`. */

/** One entry of a Map on the way: its value is reached by the key, the key itself by no name. */
export class MapStep {
  readonly key: unknown;
  readonly side: "key" | "value";

  constructor(key: unknown, side: "key" | "value") {
    this.key = key;
    this.side = side;
  }
}

/** Position in a Set, in its own order. */
export class SetStep {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** The result of a key method. */
export const KEY_METHOD: unique symbol = Symbol("key method");

/** The content of an object of a library, whose parts are called as if they were the object's. */
export const CONTENT: unique symbol = Symbol("content");

/** From a container to something in it; `undefined` when nothing in it is being read. */
export type Step =
  | string
  | number
  | MapStep
  | SetStep
  | typeof KEY_METHOD
  | typeof CONTENT
  | undefined;

const PLAIN_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Longest property name or Map key a message shows; what is longer is cut. */
const LONGEST_NAME = 60;

/** Longest path a message shows whole, in characters; of a longer one the two ends. */
const LONGEST_PATH = 400;

/** @param steps - read up to the first `undefined` */
export function formatPath(root: string, steps: readonly Step[]): string {
  let path = root;
  for (const step of steps) {
    if (step === undefined) break;
    path += formatStep(step);
  }
  const half = LONGEST_PATH / 2;
  return path.length > LONGEST_PATH ? `${path.slice(0, half)} … ${path.slice(-half)}` : path;
}

function formatStep(step: Exclude<Step, undefined>): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "string") return PLAIN_NAME.test(step) ? `.${cut(step)}` : `[${quote(step)}]`;
  if (step === KEY_METHOD) return "[keySymbol]()";
  if (step === CONTENT) return "";
  if (step instanceof SetStep) return `.values()[${step.index}]`;
  return step.side === "key" ? ".keys()" : `.get(${formatKey(step.key)})`;
}

function formatKey(key: unknown): string {
  if (typeof key === "string") return quote(key);
  if (typeof key === "bigint") return `${key}n`;
  // An object has no text that would find it again.
  return typeof key === "object" && key !== null ? "{…}" : String(key);
}

function quote(text: string): string {
  return JSON.stringify(cut(text));
}

function cut(text: string): string {
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}
