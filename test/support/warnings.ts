import { afterEach, beforeEach } from "vitest";

/** The warnings of this library that are given while a test runs. */
export function collectWarnings(): (Error & { code?: string })[] {
  const collected: (Error & { code?: string })[] = [];
  const collect = (warning: Error) => {
    if (warning.name === "BloscacheWarning") collected.push(warning);
  };
  beforeEach(() => {
    collected.length = 0;
    process.on("warning", collect);
  });
  afterEach(() => {
    process.off("warning", collect);
  });
  return collected;
}

/** Warnings are emitted at the next tick. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
