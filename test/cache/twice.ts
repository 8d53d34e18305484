import { type Adapter, Memory, type StorableClass } from "bloscache";
import { expect } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

interface Reread {
  /** Of the hit; of the second run where there was none. */
  readonly value: unknown;
  readonly runs: number;
}

let made = 0;

/** Calls a function that gives `result` twice, on a cache of its own. */
export function twice(result: unknown, adapters: readonly (Adapter | StorableClass)[]): Reread {
  let runs = 0;
  const give = new Memory({ location: temporaryFolder(), adapters }).memoize(
    () => {
      runs++;
      return result;
    },
    // A warning is given once per function.
    { id: `give${made++}`, version: 1 },
  );
  expect(give()).toBe(result);
  return { value: give(), runs };
}
