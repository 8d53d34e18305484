/** How peers are asked: from a dataset and a peer to what harness/side.mjs measures. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arraysOf, bytesOf, readDataset } from "../data/files.mjs";

/** As the key of the one value that is got again and again. */
const KEY = [2, 0.5, 0.01];

/** Getting a value that is stored. The first trial stores it, for all. */
export const getting =
  (open, { dataset } = {}) =>
  async (input, folder) => {
    const name = dataset ?? input;
    const location = join(folder, open.name);
    const peer = await open(location);
    const mark = `${location}.stored`;
    if (!existsSync(mark)) {
      await peer.put(preparedFor(peer, readDataset(name)), ...KEY);
      writeFileSync(mark, "");
    }
    const [a, b, c] = KEY;
    return {
      run: () => peer.get(a, b, c),
      check: async () => expectSame(await restored(peer, KEY), readDataset(name)),
      close: peer.close,
    };
  };

/**
 * Storing the value under a key that is new each time.
 * @param options `dataset`, where the input is not the name of one; `isKept`: what is stored stays
 */
export const putting =
  (open, { dataset, isKept } = {}) =>
  async (input, folder) => {
    const value = readDataset(dataset ?? input);
    const location = join(folder, `${open.name}-${process.pid}`);
    const peer = await open(location);
    const prepared = preparedFor(peer, value);
    let count = 0;
    return {
      run: () => peer.put(prepared, ++count, 0.5, 0.01),
      after: isKept ? undefined : () => peer.remove(count, 0.5, 0.01),
      async check() {
        await peer.put(prepared, 0, 0.5, 0.01);
        expectSame(await restored(peer, [0, 0.5, 0.01]), value);
      },
      async close() {
        await peer.close?.();
        rmSync(location, { recursive: true, force: true });
      },
    };
  };

const preparedFor = (peer, value) => peer.prepare?.(value) ?? value;

async function restored(peer, key) {
  const result = await peer.get(...key);
  return peer.restore?.(result) ?? result;
}

/** A benchmark that reads something else is worth nothing. */
export function expectSame(result, expected) {
  const bytes = ([, array]) => bytesOf(array);
  const [found, wanted] = [arraysOf(result).map(bytes), arraysOf(expected).map(bytes)];
  // Bytes are compared with all arrays of the value, one behind the other.
  const whole = found.length === 1 ? found[0] : Buffer.concat(found);
  if (!whole.equals(wanted.length === 1 ? wanted[0] : Buffer.concat(wanted))) {
    throw new Error("The result is not what was stored");
  }
}
