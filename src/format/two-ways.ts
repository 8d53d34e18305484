/**
 * Work that is written once, for callers that block and for callers that do not: a generator says
 * which step comes next, each step says how it is done either way, and {@link runSync} or
 * {@link run} does it. The context is
 * what all steps need to be told, such as the source to read.
 */
interface Step<Now, Later> {
  now(context: Now): unknown;
  later(context: Later): unknown;
}

/** Work in steps that ends in a `T`; used with `yield*`. */
export type Steps<T, Now, Later> = Generator<Step<Now, Later>, T, unknown>;

/** Carries out every step before it returns. */
export function runSync<T, Now>(steps: Steps<T, Now, never>, context: Now): T {
  let turn = steps.next();
  while (turn.done !== true) {
    let outcome: unknown;
    try {
      outcome = turn.value.now(context);
    } catch (error) {
      turn = steps.throw(error);
      continue;
    }
    turn = steps.next(outcome);
  }
  return turn.value;
}

/** {@link runSync} off the main thread. */
export async function run<T, Later>(steps: Steps<T, never, Later>, context: Later): Promise<T> {
  let turn = steps.next();
  while (turn.done !== true) {
    let outcome: unknown;
    try {
      outcome = await turn.value.later(context);
    } catch (error) {
      turn = steps.throw(error);
      continue;
    }
    turn = steps.next(outcome);
  }
  return turn.value;
}
