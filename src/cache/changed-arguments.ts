/** Arguments that change while a call is computed: what it gives may be of the old ones or the new. */
import type { Address } from "../store/address.ts";
import { warnOnce } from "./warning.ts";

/** Whether nobody can have changed the arguments: there are numbers, strings and their like only. */
export function areFixed(args: readonly unknown[]): boolean {
  return args.every(
    (arg) => arg === null || (typeof arg !== "object" && typeof arg !== "function"),
  );
}

/** Whether the arguments make the same key as when the call began. @param now makes it of them again */
export function isUnchanged({ row }: Address, now: () => Address): boolean {
  try {
    return Buffer.compare(now().row, row) === 0;
  } catch {
    return false;
  }
}

/** @param loss what becomes of the result */
export function warnOfChange(id: string, loss: string): void {
  const message = `Arguments of "${id}" changed while it ran, so ${loss}.`;
  warnOnce(id, "ARGUMENTS_CHANGED", message);
}

/** Of what grows, where what came before the change stays. */
export const REST_UNSTORED = "what it gives may be of either: the rest is not cached";
