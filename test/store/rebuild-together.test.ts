// Rebuilding an index: with others at work on the folder, or none left, and where files are refused.
import fs from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

/** Results that a lost index knew. */
const COUNT = 100;

const fillOn = (memory: Memory) =>
  memory.memoize((n: number) => new Float64Array(5000).fill(n), { id: "fill", version: 1 });

const filesIn = (location: string) =>
  fs
    .readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".blp"))
    .map((name) => join(location, "objects", name));

/** A cache whose index is damaged, and whose files are old. */
async function damaged(): Promise<string> {
  const location = join(temporaryFolder(), "cache");
  await inChild(
    `import { Memory } from "bloscache";
     const fill = new Memory(process.env.LOCATION).memoize((n) => new Float64Array(5000).fill(n), {
       ...{ id: "fill", version: 1 },
     });
     for (let n = 0; n < ${COUNT}; n++) fill(n);
     console.log(1);`,
    { LOCATION: location },
  );
  for (const file of filesIn(location)) fs.utimesSync(file, new Date(0), new Date(0));
  fs.writeFileSync(join(location, "index", "data.mdb"), "no index at all, and long enough");
  return location;
}

it("no file is taken for litter that gets its row while others look for it", async () => {
  const memory = new Memory(await damaged());
  const fill = fillOn(memory);
  // To read these takes more turns than to rebuild the index.
  for (let n = 0; n < COUNT; n++) fill(COUNT + n);
  let isRebuilt = false;
  const wasRebuilt: boolean[] = [];
  const rebuilt = memory.rebuild().finally(() => {
    isRebuilt = true;
  });
  const [report, swept, { results }] = await Promise.all([
    memory.verify({ fix: true, onProgress: () => wasRebuilt.push(isRebuilt) }),
    memory.sweep(),
    rebuilt,
  ]);
  expect([wasRebuilt[0], wasRebuilt.at(-1)]).toEqual([false, true]);
  expect(results).toBe(COUNT);
  expect(report.findings).toEqual([]);
  expect(swept).toEqual({ files: 0, cbytes: 0 });
  for (let n = 0; n < COUNT; n++) expect(fill(n)[0]).toBe(n);
  expect(fill.stats().hits).toBe(COUNT);
  await nextTurn();
  expect(warnings.map(({ code }) => code)).toEqual(["INDEX_DAMAGED"]);
});

it("two who do it at once find all results between them, and none is of no use", async () => {
  const location = await damaged();
  const memory = new Memory(location);
  const both = await Promise.all([memory.rebuild(), new Memory(location).rebuild()]);
  expect(both.reduce((sum, { results }) => sum + results, 0)).toBe(COUNT);
  expect(both.flatMap(({ unused }) => unused)).toEqual([]);
  expect(memory.size().items).toBe(COUNT);
});

it("is offered where the index was deleted, and until then no file is litter", async () => {
  const location = await damaged();
  fs.rmSync(join(location, "index"), { recursive: true });
  const memory = new Memory(location);
  expect(await memory.verify({ fix: true })).toMatchObject({
    ...{ hasLostIndex: true, unclaimed: COUNT, findings: [] },
  });
  expect(await memory.rebuild()).toMatchObject({ results: COUNT, unused: [] });
  expect((await memory.verify()).hasLostIndex).toBe(false);
});

it("is offered again where the system refused a file, which is no litter until then", async () => {
  const location = await damaged();
  const memory = new Memory(location);
  const [file = ""] = filesIn(location);
  fs.renameSync(file, join(location, "aside"));
  fs.symlinkSync(file, file);
  const { results, unused } = await memory.rebuild();
  expect(results).toBe(COUNT - 1);
  expect(unused).toMatchObject([{ file, text: /ELOOP/ }]);
  fs.renameSync(join(location, "aside"), file);
  expect(await memory.sweep()).toEqual({ files: 0, cbytes: 0 });
  expect(await memory.rebuild()).toMatchObject({ results: 1, unused: [] });
  expect(await memory.verify()).toMatchObject({ entries: COUNT, hasLostIndex: false });
});

it("a series whose last chunk claims the rest of a long file makes no row of that length", async () => {
  const location = join(temporaryFolder(), "cache");
  const series = new Memory(location).incremental<string, "<f8">({
    ...({ id: "ramp", version: 1, dtype: "<f8" } as const),
    extend: ({ from, to }) => Float64Array.from({ length: to - from }, (_, i) => from + i),
  });
  await series.extend("a", { length: 5000 });
  const [file = ""] = filesIn(location);
  const bytes = fs.readFileSync(file);
  // Its only chunk, and a digest of four bytes, are the end of the file.
  let at = bytes.length - 20;
  while (bytes.readUInt32LE(at + 12) !== bytes.length - at - 4) at--;
  bytes.writeUInt32LE(2 ** 31, at + 12);
  fs.writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(2 ** 20)]));
  const lost = join(temporaryFolder(), "lost");
  fs.cpSync(join(location, "objects"), join(lost, "objects"), { recursive: true });
  const { results, unused } = await new Memory(lost).rebuild();
  expect({ results, unused }).toMatchObject({ results: 0, unused: [{ text: /last chunk/ }] });
});
