/** Taking a result apart, into arrays and a skeleton (`result-skeleton.ts`). */

import { messageOf, ValueError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import type { Order } from "../format/ndarray.ts";
import type { DraftArray } from "../store/draft.ts";
import { CONTENT, formatPath, type Step } from "./key-path.ts";
import { hasSymbolKeys, ownFieldBeside } from "./own-fields.ts";
import { type Adapters, adviceOn, writeAdapted } from "./result-adapters.ts";
import { draftOf, draftOfString, LONG_STRING } from "./result-arrays.ts";
import { resultClass, writerOf } from "./result-classes.ts";
import { type Json, LONE_ARRAY, special } from "./result-skeleton.ts";

/** As many as a row counts, and one for a long skeleton. */
const MAX_ARRAYS = 65_534;

/** Deeper results are refused: a walk by recursion would end in a stack overflow instead. */
const MAX_DEPTH = 1000;

/** A result, taken apart. */
export interface Parts {
  readonly skeleton: string;
  readonly arrays: readonly DraftArray[];
}

/**
 * Takes a result apart; copies no array.
 *
 * @throws {ValueError} with the path of the first thing that cannot be stored
 */
export function takeApart(result: unknown, adapters: Adapters): Parts {
  const lone = loneArray(result);
  if (lone !== undefined) return { skeleton: LONE_ARRAY, arrays: [lone] };
  const writer = new ResultWriter(adapters);
  const skeleton = writer.whole(result);
  return { skeleton, arrays: writer.arrays };
}

/** The draft of a result that is one typed array and nothing else: by far the most frequent. */
function loneArray(result: unknown): DraftArray | undefined {
  if (!ArrayBuffer.isView(result)) return undefined;
  const name = resultClass(result);
  const isLone =
    name !== undefined &&
    writerOf(name, result) === undefined &&
    !hasSymbolKeys(result) &&
    ownFieldBeside(result) === undefined;
  return isLone ? draftOf(name, result) : undefined;
}

/**
 * One walk over one result, by recursion. Loops are written out, here and in what writes and reads
 * containers: a callback takes two more frames of the stack at each level.
 */
export class ResultWriter {
  readonly arrays: DraftArray[] = [];
  /** What was met before, by number: an array that occurs twice is stored once. */
  readonly #arrayNumbers = new Map<unknown, number>();
  readonly #objectNumbers = new Map<object, number>();
  /** What is being read of each object on the way to here. */
  readonly #steps: Step[] = [];
  readonly #adapters: Adapters;
  /** The objects of adapters on the way to here. */
  readonly #adapted = new Set<object>();
  #refusal: ValueError | undefined;

  constructor(adapters: Adapters) {
    this.#adapters = adapters;
  }

  /** The skeleton of a result. */
  whole(result: unknown): string {
    try {
      const json = this.value(result);
      return this.#stringify(json);
    } catch (error) {
      throw this.#errorFor(error);
    }
  }

  value(value: unknown): Json {
    switch (typeof value) {
      case "string":
        return value.length < LONG_STRING ? value : this.#longString(value);
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return special("number", Object.is(value, -0) ? "-0" : String(value));
      case "undefined":
        return special("undefined");
      case "bigint":
        return special("bigint", formatBigInt(value));
      case "object":
        return value === null ? null : this.#object(value);
      default:
        return this.refuse(`it is a ${typeof value}`);
    }
  }

  /** A value that stands at `step` of the innermost object. */
  part(step: Step, value: unknown): Json {
    this.at(step);
    return this.value(value);
  }

  /** Notes which part of the innermost object is read next. */
  at(step: Step): void {
    this.#steps[this.#steps.length - 1] = step;
  }

  /** What an object of an adapter is stored as. */
  content(parts: unknown): Json {
    return this.part(CONTENT, parts);
  }

  /** Named fields. */
  fields(object: object, keys: readonly string[]): Json[] {
    const fields: Json[] = [];
    for (const key of keys) {
      this.at(key);
      fields.push([key, this.value((object as { [key: string]: unknown })[key])]);
    }
    return fields;
  }

  /** The n-th array; `draft` is asked when it was not met before. */
  array(value: unknown, draft: () => DraftArray): number {
    let n = this.#arrayNumbers.get(value);
    if (n === undefined) {
      n = this.arrays.length;
      if (n === MAX_ARRAYS) this.refuse(`there are more than ${MAX_ARRAYS} arrays`);
      this.arrays.push(draft());
      this.#arrayNumbers.set(value, n);
    }
    return n;
  }

  /** Gives an array its shape, before it is met as a field. */
  shaped(input: {
    readonly data: TypedArray;
    readonly shape: readonly number[];
    order: Order;
  }): void {
    const draft = draftOf(resultClass(input.data) ?? "", input.data);
    if (draft !== undefined) this.array(input.data, () => ({ kind: draft.kind, input }));
  }

  refuse(reason: string): never {
    this.#refusal = new ValueError(formatPath("result", this.#steps), reason);
    throw this.#refusal;
  }

  #stringify(json: Json): string {
    try {
      return JSON.stringify(json);
    } catch (error) {
      // Half a gigabyte of numbers, names and short strings.
      return this.refuse(`what of it is no array makes no JSON text: ${messageOf(error)}`);
    }
  }

  /** What to throw for an error of the walk: getters and Proxies throw what they like. */
  #errorFor(error: unknown): ValueError {
    if (this.#refusal !== undefined && error === this.#refusal) return this.#refusal;
    const path = formatPath("result", this.#steps);
    return new ValueError(path, `reading it failed: ${messageOf(error)}`, { cause: error });
  }

  #longString(text: string): Json {
    return special(
      "array",
      this.array(text, () => draftOfString(text)),
    );
  }

  #object(value: object): Json {
    const met = this.#objectNumbers.get(value);
    if (met !== undefined) {
      // It is made of its parts, which would have to be there before them.
      if (this.#adapted.has(value))
        this.refuse("it is part of itself, which no adapter can restore");
      return special("ref", met);
    }
    const name = resultClass(value);
    if (name === undefined) return this.#adapt(value);
    if (hasSymbolKeys(value)) this.refuse("it has own symbol keys");
    const write = writerOf(name, value);
    if (write === undefined) return this.#array(name, value);
    this.#enter(value);
    const json = write(this, value as never, name);
    this.#steps.pop();
    return json;
  }

  #enter(value: object): void {
    if (this.#steps.length === MAX_DEPTH) {
      this.refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    }
    this.#objectNumbers.set(value, this.#objectNumbers.size);
    this.#steps.push(undefined);
  }

  #adapt(value: object): Json {
    const adapter = this.#adapters.of(value);
    if (adapter === undefined) return this.refuse(adviceOn(value, this.#adapters));
    this.#enter(value);
    this.#adapted.add(value);
    const json = writeAdapted(this, value, adapter);
    this.#adapted.delete(value);
    this.#steps.pop();
    return json;
  }

  #array(name: string, value: object): Json {
    this.refuseFields(value);
    const draft = () => draftOf(name, value) ?? this.refuseImitation(name);
    return special("array", this.array(value, draft));
  }

  /** A field set on an object whose value is elsewhere would be lost. */
  refuseFields(object: object): void {
    const field = ownFieldBeside(object);
    if (field === undefined) return;
    this.refuse(`it has a field of its own, ${JSON.stringify(field)}, beside its value`);
  }

  refuseImitation(name: string): never {
    return this.refuse(`it has the prototype of ${name}, but is none`);
  }
}

/** Decimal digits take time that grows with the square of their number. */
function formatBigInt(value: bigint): string {
  if (BigInt.asIntN(64, value) === value) return String(value);
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
