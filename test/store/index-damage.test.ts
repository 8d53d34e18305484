// LMDB believes its file: what a wrong byte in it does to a process, it does not do to the next one too.
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findIndexFault } from "../../src/store/index-check.ts";
import { forgetSuspects, IndexUse, marksAreSuspect } from "../../src/store/index-marks.ts";
import { findPageFault } from "../../src/store/index-pages.ts";
import { inChild } from "../support/child.ts";
import {
  DAMAGES,
  openFile,
  PAGE,
  type Random,
  randomOf,
  SEED,
  sample,
  shuffleRows,
} from "../support/damaged-index.ts";
import { temporaryFolder } from "../support/temporary.ts";

const findFault = (path: string) => findIndexFault(path) ?? findPageFault(path);

describe("the walk over the pages", () => {
  it.each([0, 3, 30, 1000])("finds no fault in a file of about %i rows, ever", (most) => {
    const folder = temporaryFolder();
    const path = join(folder, "data.mdb");
    shuffleRows(openFile(folder), randomOf(SEED), 4000, most, () => {
      expect(findFault(path), `seed ${SEED}`).toBeUndefined();
    });
  });

  it("finds no fault in an empty or a missing file", () => {
    const path = join(temporaryFolder(), "data.mdb");
    expect(findPageFault(path)).toBeUndefined();
    writeFileSync(path, "");
    expect(findPageFault(path)).toBeUndefined();
  });

  it.each(DAMAGES)("finds a fault: %s", (_name, damage) => {
    const file = sample();
    expect(findFault(file.path)).toBeUndefined();
    damage(file);
    writeFileSync(file.path, file.bytes);
    expect(findFault(file.path)).toEqual(expect.any(String));
  });
});

describe("the marks", () => {
  it.skipIf(process.platform !== "linux")("tell a dead user from a living one", () => {
    const marks = temporaryFolder();
    const use = new IndexUse(marks);
    const [name] = readdirSync(marks) as [string];
    expect(marksAreSuspect(marks)).toBe(false);
    use.end();
    expect(readdirSync(marks)).toEqual([]);
    const [kind, boot, namespace, owner = ""] = name.split("-");
    const [pid, start, ...rest] = owner.split(".");
    const others = [
      // Another process had our pid before us, as in a container that was started again.
      [kind, boot, namespace, [pid, Number(start) - 1, ...rest].join(".")],
      // Processes of other containers cannot be seen.
      [kind, boot, Number(namespace) + 1, owner],
      [kind, "00000000", namespace, owner],
      ["unsynced", "00000000", namespace, owner],
    ];
    for (const other of others) {
      const path = join(marks, other.join("-"));
      writeFileSync(path, "");
      expect(marksAreSuspect(marks), path).toBe(true);
      const living = new IndexUse(marks);
      expect(marksAreSuspect(marks), path).toBe(false);
      forgetSuspects(marks);
      expect(readdirSync(marks), path).toHaveLength(1);
      living.end();
    }
    writeFileSync(join(marks, ["unsynced", boot, namespace, "1.0.0.a"].join("-")), "");
    expect(marksAreSuspect(marks)).toBe(false);
  });

  it("of a use that met damage stands after its end", () => {
    const marks = temporaryFolder();
    new IndexUse(marks).suspect();
    expect(readdirSync(marks)).toHaveLength(1);
  });
});

describe("a damaged index", () => {
  const ROWS = 300;
  /** A process takes some seconds at most: one that takes longer hangs. */
  const LIMIT_MS = 60_000;
  const CASES = Number(process.env["BLOSCACHE_TEST_CASES"] ?? 60);
  // Up to 12 KB, half of them on overflow pages; later processes store others, and replace some.
  const source = `
    import { Memory } from "bloscache";
    const { LOCATION, ROWS, STEP } = process.env;
    const memory = new Memory(LOCATION);
    let runs = 0;
    const row = memory.memoize((i) => {
      runs++;
      return new Float64Array(1 + (i * 37) % 1500).map((_, at) => Math.sin(i + at * at));
    }, { id: "row" });
    const isRight = (i) => {
      const array = row(i);
      return array.length === 1 + (i * 37) % 1500 && array.every((x, at) => x === Math.sin(i + at * at));
    };
    let wrong = 0;
    for (let i = 0; i < ROWS; i++) if (!isRight(i)) wrong++;
    const missed = runs;
    for (let i = 1000 * STEP; i < 1000 * STEP + 30; i++) if (!isRight(i)) wrong++;
    console.log(JSON.stringify({ wrong, missed }));`;
  let step = 0;
  const run = (LOCATION: string) =>
    inChild<{ wrong: number; missed: number }>(
      source,
      {
        LOCATION,
        ROWS: String(ROWS),
        STEP: String(++step),
        NODE_NO_WARNINGS: "1",
      },
      LIMIT_MS,
    );

  /** What became of a process: how many results it had to compute, or what ended it. */
  async function outcome(folder: string): Promise<number | "killed" | "hung"> {
    try {
      const { wrong, missed } = await run(folder);
      expect(wrong).toBe(0);
      return missed;
    } catch (error) {
      if (typeof (error as { signal?: unknown }).signal !== "string") throw error;
      return (error as { killed?: unknown }).killed === true ? "hung" : "killed";
    }
  }

  function damage(path: string, random: Random): string {
    const bytes = readFileSync(path);
    const page = random(bytes.length / PAGE);
    const kind = random(8);
    if (kind === 0) {
      const length = random(bytes.length);
      truncateSync(path, length);
      return `cut to ${length}`;
    }
    const count = kind === 1 ? PAGE : 1 + random(64);
    if (kind === 1) bytes.fill(0, page * PAGE, (page + 1) * PAGE);
    // Half of the time where LMDB looks: the headers and offsets.
    const span = random(2) === 0 ? 64 : PAGE;
    for (let n = 0; kind > 1 && n < count; n++) bytes[page * PAGE + random(span)] = random(256);
    writeFileSync(path, bytes);
    return `${count} bytes of page ${page}`;
  }

  it(
    `costs no result, at most one process, and is sound again after it (seed ${SEED})`,
    async () => {
      const whole = temporaryFolder();
      expect(await outcome(whole)).toBe(ROWS);
      expect(await outcome(whole)).toBe(0);
      let deaths = 0;
      console.log(`seed ${SEED}`);
      const tryCase = async (n: number) => {
        const folder = join(temporaryFolder(), "cache");
        cpSync(whole, folder, { recursive: true });
        const what = damage(join(folder, "index", "data.mdb"), randomOf(SEED + n));
        const found = [await outcome(folder), await outcome(folder)];
        // Damage may lie where no process looks for a while, and hide rows that are then stored anew
        // beside it, until one of the stores meets it: some processes may miss some results each.
        do found.push(await outcome(folder));
        while (found.at(-1) !== 0 && found.at(-1) !== "hung" && found.length < 20);
        const killed = found.filter((one) => one === "killed").length;
        const name = `seed ${SEED}, case ${n}, ${what}: ${found}`;
        expect(found, name).not.toContain("hung");
        expect(killed, name).toBeLessThanOrEqual(1);
        expect(found.at(-1), name).toBe(0);
        if (killed > 0) expect(found[found.indexOf("killed") + 2], name).toBe(0);
        deaths += killed;
        rmSync(folder, { recursive: true });
      };
      for (let n = 0; n < CASES; n += 2) await Promise.all([tryCase(n), tryCase(n + 1)]);
      console.log(`seed ${SEED}: ${deaths} deaths in ${CASES} cases`);
    },
    CASES * 20_000,
  );
});
