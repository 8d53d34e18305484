/** The AbortSignals that a call brings, wherever its key leaves them out. */
import { isAbortSignal } from "./realm.ts";

/** A walk by recursion that ends, whatever it is led into. */
const MAX_DEPTH = 64;

/**
 * The signals in the arguments and in the fields of the receiver, which count for no key. No getter
 * is run.
 */
export function signalsOf({
  self,
  args,
}: {
  readonly self: unknown;
  readonly args: readonly unknown[];
}): readonly AbortSignal[] {
  if ((self === globalThis || isBare(self)) && args.every(isBare)) return NO_SIGNALS;
  const found = new Set<AbortSignal>();
  const seen = new Set<object>();
  try {
    for (const arg of args) collect(arg, found, seen, MAX_DEPTH);
    if (typeof self === "object" && self !== null && self !== globalThis) {
      for (const value of fieldsOf(self)) collect(value, found, seen, MAX_DEPTH);
    }
  } catch {
    // A Proxy that throws; what the key leaves out may be anything.
  }
  return [...found];
}

const NO_SIGNALS: readonly AbortSignal[] = [];

/** Whether nothing is in it: most calls are of numbers and strings, and are spared the walk. */
function isBare(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function collect(value: unknown, found: Set<AbortSignal>, seen: Set<object>, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (isAbortSignal(value)) found.add(value);
  const parts = partsOf(value);
  if (parts === undefined || depth === 0 || seen.has(value)) return;
  seen.add(value);
  for (const part of parts) collect(part, found, seen, depth - 1);
}

/** What a container holds; `undefined` for what is none. */
function partsOf(value: object): Iterable<unknown> | undefined {
  if (Array.isArray(value)) return value;
  if (isPlain(value)) return fieldsOf(value);
  if (value instanceof Map) return Map.prototype.values.call(value);
  if (value instanceof Set) return Set.prototype.values.call(value);
  return undefined;
}

function* fieldsOf(object: object): Generator<unknown, void, undefined> {
  for (const key of Object.keys(object)) {
    yield Object.getOwnPropertyDescriptor(object, key)?.value;
  }
}

/**
 * The arguments with `signal` in the place of each that stands in plain objects and arrays: copies
 * of these, and of no others.
 */
export function withSignal(args: readonly unknown[], signal: AbortSignal): readonly unknown[] {
  return replaced(args, signal, MAX_DEPTH, new Set()) as readonly unknown[];
}

function replaced(value: unknown, signal: AbortSignal, depth: number, above: Set<object>): unknown {
  if (isAbortSignal(value)) return signal;
  if (typeof value !== "object" || value === null || depth === 0 || above.has(value)) return value;
  if (!Array.isArray(value) && !isPlain(value)) return value;
  above.add(value);
  const changed: [string, PropertyDescriptor][] = [];
  for (const key of Object.keys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    const part = replaced(descriptor?.value, signal, depth - 1, above);
    if (part !== descriptor?.value) changed.push([key, { ...descriptor, value: part }]);
  }
  above.delete(value);
  return changed.length === 0 ? value : copyWith(value, changed);
}

/** A copy with its prototype, symbols, getters and hidden fields. */
function copyWith(value: object, changed: readonly [string, PropertyDescriptor][]): object {
  const copy = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
  const descriptors = Object.getOwnPropertyDescriptors(value);
  return Object.defineProperties(copy, { ...descriptors, ...Object.fromEntries(changed) });
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // That of plain objects is the end of the line, in every realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
