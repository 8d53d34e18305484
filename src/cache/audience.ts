/**
 * Those who wait for one computation. Each may leave by the AbortSignal that it brought; when all
 * have left, the computation is told to stop, by a signal in the place of the first one's.
 */
export class Audience {
  /** Made when it is needed: most calls bring no signal. */
  #controller: AbortController | undefined;
  #waiting = 0;
  /** Why the last one left. */
  #gone: { readonly reason: unknown } | undefined;

  /** What the function is given instead of its caller's signal. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone !== undefined) this.#controller.abort(this.#gone.reason);
    }
    return this.#controller.signal;
  }

  /** Whether all have left. */
  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** One more, who leaves by any of its signals; with none it stays to the end. */
  join(signals: readonly AbortSignal[]): Seat {
    this.#waiting++;
    if (signals.length === 0) return STAYING;
    return new Seat(signals, (reason) => {
      this.#waiting--;
      if (this.#waiting > 0) return;
      this.#gone = { reason };
      this.#controller?.abort(reason);
    });
  }
}

/** The place of one who waits. */
export class Seat {
  readonly #signals: readonly AbortSignal[];
  readonly #onLeave: (reason: unknown) => void;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(signals: readonly AbortSignal[], onLeave: (reason: unknown) => void) {
    this.#signals = signals;
    this.#onLeave = onLeave;
    for (const signal of signals) listen(signal, this.#leave);
    if (this.#gone !== undefined) this.#leave();
  }

  /** The signal by which it left. */
  get #gone(): AbortSignal | undefined {
    return this.#signals.find(({ aborted }) => aborted);
  }

  readonly #leave = (): void => {
    this.end();
    const reason: unknown = this.#gone?.reason;
    this.#reject?.(reason);
    this.#onLeave(reason);
  };

  /** Heeds the signals no more. */
  end(): void {
    for (const signal of this.#signals) unlisten(signal, this.#leave);
  }

  /** The outcome, if it does not leave before. @throws the reason for which it left */
  until<T>(outcome: Promise<T>): Promise<T> {
    if (this.#signals.length === 0) return outcome;
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      outcome.then(resolve, reject).finally(() => this.end());
      if (this.#gone !== undefined) reject(this.#gone.reason);
    });
  }
}

/** Of all who stay to the end. */
const STAYING = new Seat([], () => undefined);

/** One listener for each signal, however many wait by it: Node warns of more than ten. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

function listen(signal: AbortSignal, leave: () => void): void {
  let leavers = listeners.get(signal);
  if (leavers === undefined) {
    leavers = new Set();
    listeners.set(signal, leavers);
    signal.addEventListener("abort", hear, { once: true });
  }
  leavers.add(leave);
}

function unlisten(signal: AbortSignal, leave: () => void): void {
  const leavers = listeners.get(signal);
  leavers?.delete(leave);
  if (leavers?.size !== 0) return;
  listeners.delete(signal);
  signal.removeEventListener("abort", hear);
}

function hear({ target }: Event): void {
  for (const leave of [...(listeners.get(target as AbortSignal) ?? [])]) leave();
}
