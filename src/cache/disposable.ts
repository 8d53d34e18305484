/**
 * Generators that `using` and `await using` take: leaving their block ends them, as leaving a loop
 * does. Node gives this to generators from version 24 on; here all have it.
 */

/** The generator itself; disposing of it is to `return` from it. */
export function disposable<G extends Generator<unknown, unknown, never>>(
  generator: G,
): G & Disposable {
  const dispose = () => void generator.return(undefined);
  return withMethod<G, Disposable>(generator, Symbol.dispose, dispose);
}

/** As `AsyncDisposable`, whose promise is only known to be a thenable. */
interface Leavable {
  [Symbol.asyncDispose](): Promise<void>;
}

/** {@link disposable}, of an asynchronous one. */
export function asyncDisposable<G extends AsyncGenerator<unknown, unknown, never>>(
  generator: G,
): G & Leavable {
  const dispose = async () => void (await generator.return(undefined));
  return withMethod<G, Leavable>(generator, Symbol.asyncDispose, dispose);
}

/** Not enumerable, as what comes from a prototype is not. */
function withMethod<G, D>(generator: G, name: symbol, value: () => unknown): G & D {
  Object.defineProperty(generator, name, { value, configurable: true, writable: true });
  return generator as G & D;
}
