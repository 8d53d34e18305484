/** What a function is called with in the place of its caller, who may not be alone to wait. */
import type { Audience } from "./audience.ts";
import type { Call } from "./call.ts";
import { signalsOf, withSignal } from "./caller-signals.ts";

/** What a function is called with. */
export interface Given {
  readonly args: readonly unknown[];
  /** That the caller brought. */
  readonly signals: readonly AbortSignal[];
  /** Those of them that stand where ours cannot take their place. */
  readonly fixed: readonly AbortSignal[];
}

/** The function gets a signal of ours in the place of the caller's, who is not alone to wait. */
export function givenOf(call: Call, audience: Audience): Given {
  const signals = signalsOf(call);
  if (signals.length === 0) return { args: call.args, signals, fixed: signals };
  const args = withSignal(call.args, audience.signal);
  const fixed = signalsOf({ self: call.self, args }).filter((one) => one !== audience.signal);
  return { args, signals, fixed };
}

/**
 * Whether what the function gave may be cut short: all callers have left, or one of the signals was
 * aborted that stand where ours cannot take their place.
 */
export function isLeft(audience: Audience, { fixed }: Given): boolean {
  return audience.isGone || fixed.some(({ aborted }) => aborted);
}
