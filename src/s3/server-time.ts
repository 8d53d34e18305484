/** Ages by the store's clock: the difference of two of its own times, whatever our clock says. */

/** What a store answered, and when by its own clock. */
export interface Dated<Output> {
  readonly output: Output;
  /** How long ago that was, ms, to whole seconds; 0 for what is not known. */
  ageOf(time: Date | undefined): number;
}

/** A command of the SDK, as far as it matters here. */
interface Command {
  readonly middlewareStack: {
    add(
      // biome-ignore lint/suspicious/noExplicitAny: the SDK types its middleware by each command
      middleware: (next: (args: any) => Promise<any>) => (args: any) => Promise<any>,
      options: { step: "deserialize"; priority: "low"; name: string },
    ): void;
  };
}

/**
 * Sends a command, and notes the `Date` of the answer, which the SDK drops. The note is taken by the
 * command's own middleware, so that a client that is not ours stays as it is.
 */
export async function timed<Output>(
  command: Command,
  send: () => Promise<Output>,
): Promise<Dated<Output>> {
  let nowMs = Number.NaN;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const date: unknown = result.response?.headers?.date;
      if (typeof date === "string") nowMs = Date.parse(date);
      return result;
    },
    { step: "deserialize", priority: "low", name: "bloscacheServerTime" },
  );
  const output = await send();
  return {
    output,
    ageOf: (time) => Math.max(0, time === undefined ? 0 : nowMs - time.getTime()) || 0,
  };
}
