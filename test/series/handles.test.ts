// Handles of results that grow, as memory.find gives them.
import { join } from "node:path";
import { Memory, type Shelved, StoreError } from "bloscache";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

const ramp = (length: number, from = 0) => Float64Array.from({ length }, (_, i) => from + i);

/** A series of points, each of three numbers in a row, and a handle of it. */
async function points(length: number) {
  const memory = new Memory(join(temporaryFolder(), "cache"));
  const series = memory.incremental<string, "<f8">({
    ...({ id: "points", version: 1, dtype: "<f8", itemShape: [3] } as const),
    extend: ({ from, to }) => ramp(3 * (to - from), 3 * from),
  });
  await series.extend("a", { length });
  const [handle] = [...memory.find(series.keyOf("a"))] as [Shelved<Promise<Float64Array>>];
  return { memory, series, handle };
}

async function partsOf(handle: Shelved<Promise<Float64Array>>): Promise<Float64Array[]> {
  const parts: Float64Array[] = [];
  for await (const part of handle.chunks()) parts.push(part as Float64Array);
  return parts;
}

it.each([
  ["in its row", 100],
  ["in a file", 100_000],
])("a series %s is read whole, in part, and part by part", async (_where, length) => {
  const { memory, series, handle } = await points(length);
  const all = ramp(3 * length);
  expect(await handle.get()).toEqual(all);
  expect(await handle.slice(1, 5)).toEqual(ramp(4, 1));
  expect(await handle.slice(-2)).toEqual(all.slice(-2));
  expect(await handle.slice(7, 7)).toEqual(ramp(0));
  const parts = await partsOf(handle);
  expect(parts.length > 1).toBe(length > 1000);
  expect(parts.flatMap((part) => [...part])).toEqual([...all]);

  await series.extend("a", { length: length + 1 });
  expect(await handle.slice(-1)).toEqual(ramp(1, 3 * length + 2));
  expect((await memory.verify()).findings).toEqual([]);
  await nextTurn();
  expect(warnings).toEqual([]);
});

it("of yields all are one array", async () => {
  const memory = new Memory(join(temporaryFolder(), "cache"));
  const frames = memory.memoize(
    function* frames(n: number) {
      for (let i = 0; i < n; i++) yield ramp(1000, 1000 * i);
    },
    { version: 1 },
  );
  expect(Array.from(frames(30))).toHaveLength(30);
  const [handle] = [...memory.find(frames.keyOf(30))] as [Shelved<Promise<Float64Array>>];
  expect(await handle.get()).toEqual(ramp(30_000));
  expect(Array.from(frames(30))).toHaveLength(30);
  expect(frames.stats().hits).toBe(1);
});

it("of a series that was forgotten tells so, as does one that was disposed of", async () => {
  const { series, handle } = await points(100_000);
  const chunks = handle.chunks();
  await chunks.next();
  series.clear();
  await expect(chunks.next()).rejects.toThrow(StoreError);
  await expect(handle.get()).rejects.toThrow(/not in the cache any more/);
  await expect(handle.slice(0, 1)).rejects.toThrow(StoreError);
  const { handle: other } = await points(100_000);
  const rest = other.chunks();
  await rest.next();
  other[Symbol.dispose]();
  await expect(rest.next()).rejects.toThrow(TypeError);
  await expect(other.get()).rejects.toThrow(TypeError);
});
