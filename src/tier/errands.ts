/** What is to be done about an object in the bucket, and what becomes of two of these about the same. */
import type { ResultErrand } from "./sending.ts";
import type { SeriesErrand } from "./series-sending.ts";

/** Something to be sent. */
export type Errand = ResultErrand | SeriesErrand;

/** Whether what is there before is not to be there after it. */
export function removes(errand: Errand | undefined): boolean {
  if (errand?.action === "extend") return errand.anew;
  return errand?.action === "remove" || errand?.action === "forget";
}

/** One errand for two of one result: the later, which also does away with what the earlier would have. */
export function merged(earlier: Errand | undefined, later: Errand): Errand {
  if (removes(earlier)) return insteadOfWhatIsThere(later);
  if (earlier?.action !== "publish" || later.action !== "publish") return later;
  const isStronger = earlier.replaces === "anything" || later.replaces === "nothing";
  return isStronger ? { ...later, replaces: earlier.replaces } : later;
}

/** What was to be removed may be there still. */
function insteadOfWhatIsThere(errand: Errand): Errand {
  if (errand.action === "publish") return { ...errand, replaces: "anything" };
  return errand.action === "extend" ? { ...errand, anew: true } : errand;
}

const ACTIONS: readonly unknown[] = ["publish", "remove", "extend", "forget"];

/** @returns `undefined` for what was cut off as it was written, and for what is none */
export function parseErrand(text: string): Errand | undefined {
  try {
    const errand = JSON.parse(text) as Partial<Errand>;
    const isErrand = ACTIONS.includes(errand.action);
    return isErrand && /^[0-9a-f]{48}$/.test(String(errand.row)) ? (errand as Errand) : undefined;
  } catch {
    return undefined;
  }
}
