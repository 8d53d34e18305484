// Folders that cannot be used, or are not what they were: the functions go on, and when the folder
// is right again so does the cache.
import fs from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { openFile, randomOf, shuffleRows } from "../support/damaged-index.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cacheOf, doWorks, doWorksWithin, harmsOf, type Report } from "./stage.ts";

const filled = cacheOf(["fill"]);

/** A filled cache of its own, in a folder of its own. */
function copyOf(cache: string): string {
  const location = join(fs.realpathSync(temporaryFolder()), "cache");
  fs.cpSync(cache, location, { recursive: true });
  return location;
}

/** Has a process do its works unharmed; what it reports. */
async function unharmed(location: string, ...works: readonly string[]): Promise<Report> {
  const ended = await doWorks(location, ...works);
  expect(harmsOf(ended)).toEqual([]);
  return JSON.parse(ended.stdout);
}

/** A process that finds nothing amiss fills the cache, the next one finds everything in it. */
async function expectUsable(location: string): Promise<void> {
  expect((await unharmed(location, "fill")).warned).toEqual([]);
  expect(await unharmed(location, "fill")).toEqual({ wrong: [], computed: [], warned: [] });
}

/** What is at a path when something happened to it. */
type Change = (path: string) => void;

/** Something else takes the place of what is there. */
const instead =
  (make: (path: string) => void): Change =>
  (path) => {
    fs.rmSync(path, { recursive: true, force: true });
    make(path);
  };
const file = instead((path) => fs.writeFileSync(path, "a file"));
const folder = instead((path) => fs.mkdirSync(join(path, "inside"), { recursive: true }));
const linkToItself = instead((path) => fs.symlinkSync(path, path));
const linkToNothing = instead((path) => fs.symlinkSync(join(dirname(path), "nothing"), path));

const FOLDERS = ["", "index", "leases", "marks", "objects", "tmp"];
const FILES = ["CACHEDIR.TAG", ".gitignore", "format.json", "index/data.mdb", "index/lock.mdb"];

const WRONG_KINDS: readonly (readonly [string, string, Change])[] = [
  ...FOLDERS.map((part) => ["a file instead of the folder", part, file] as const),
  ...FOLDERS.map((part) => ["a link to itself instead of", part, linkToItself] as const),
  ...FOLDERS.map((part) => ["a link to nothing instead of", part, linkToNothing] as const),
  ...FILES.map((part) => ["a folder instead of the file", part, folder] as const),
  ...FILES.map((part) => ["a link to itself instead of", part, linkToItself] as const),
];

describe("something else in the place of a part", () => {
  it.concurrent.each(WRONG_KINDS)('%s "%s"', async (_what, part, change) => {
    const location = copyOf(filled);
    change(join(location, part));
    await unharmed(location, "fill", "fill");
    fs.rmSync(join(location, part), { recursive: true, force: true });
    await expectUsable(location);
  });
});

/** The two files of the result of `large 1`. */
function filesOfLarge(location: string): string[] {
  const objects = join(location, "objects");
  const names = fs.readdirSync(objects, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.startsWith("large") && name.endsWith(".blp"));
  const key = files[0]?.split("/").at(-1)?.slice(0, 32) ?? "";
  return files.filter((name) => name.includes(key)).map((name) => join(objects, name));
}

const LINKS: readonly (readonly [string, boolean, (path: string, other: string) => void])[] = [
  ["itself", false, linkToItself],
  ["nothing", false, linkToNothing],
  ["a folder", false, instead((path) => fs.symlinkSync(dirname(path), path))],
  ["what has no end", false, instead((path) => fs.symlinkSync("/dev/zero", path))],
  ["another file", false, (path, other) => instead(() => fs.symlinkSync(other, path))(path)],
  [
    "the file, elsewhere",
    true,
    (path) => {
      const elsewhere = join(temporaryFolder(), "file");
      fs.copyFileSync(path, elsewhere);
      instead(() => fs.symlinkSync(elsewhere, path))(path);
    },
  ],
];

describe("a link in the place of a result's file", () => {
  it.concurrent.each(LINKS)("to %s", async (_to, isHit, change) => {
    const location = copyOf(filled);
    const [one = "", other = ""] = filesOfLarge(location);
    change(one, other);
    const { computed } = await unharmed(location, "fill", "fill");
    expect(computed).toHaveLength(isHit ? 0 : 1);
    await expectUsable(location);
  });
});

const INDEXES: readonly (readonly [string, string, Change])[] = [
  ["text", "data.mdb", (path) => fs.writeFileSync(path, "Dear diary, ".repeat(9999))],
  [
    "of another program",
    "data.mdb",
    instead((path) => shuffleRows(openFile(dirname(path)), randomOf(3), 500, 100, () => undefined)),
  ],
  [
    "of another version of LMDB",
    "data.mdb",
    (path) => {
      const bytes = fs.readFileSync(path);
      for (const page of [0, 4096]) bytes.writeUInt32LE(2, page + 20);
      fs.writeFileSync(path, bytes);
    },
  ],
  ["of zeros", "lock.mdb", (path) => fs.writeFileSync(path, Buffer.alloc(fs.statSync(path).size))],
  ["of noise", "lock.mdb", (path) => fs.writeFileSync(path, noise(fs.statSync(path).size))],
  ["of a little noise", "lock.mdb", (path) => fs.writeFileSync(path, noise(100))],
  ["of much noise", "lock.mdb", (path) => fs.writeFileSync(path, noise(2 ** 20))],
];

function noise(length: number): Uint8Array {
  const random = randomOf(length);
  return Uint8Array.from({ length }, () => random(256));
}

describe("an index", () => {
  it.concurrent.each(INDEXES)("%s, in %s", async (_what, name, change) => {
    const location = copyOf(filled);
    change(join(location, "index", name));
    await unharmed(location, "fill", "fill");
    await expectUsable(location);
  });
});

describe("somebody changes a part while it is in use", () => {
  const works = FOLDERS.flatMap((part) => [`remove ${part}`, `file ${part}`]);
  it.concurrent.each(works)("%s", async (work) => {
    const location = copyOf(filled);
    const [, part = ""] = work.split(" ");
    await unharmed(
      location,
      "large 1",
      "later 1",
      "small 3",
      work,
      "fill",
      "large 4",
      "later 4",
      "soon 4",
      "stay",
    );
    if (work.startsWith("file")) fs.rmSync(join(location, part), { recursive: true });
    await expectUsable(location);
  });
});

/** Below a temporary folder that all may enter. */
function openFolder(): string {
  const folder = fs.realpathSync(temporaryFolder());
  fs.chmodSync(folder, 0o777);
  return folder;
}

/** What `chmod -R` does. */
function changeModes(path: string, mode: number): void {
  const names = fs.readdirSync(path, { recursive: true, encoding: "utf8" });
  for (const name of [...names, ""]) {
    const each = join(path, name);
    fs.chmodSync(each, fs.statSync(each).isDirectory() ? mode : mode & ~0o111);
  }
}

describe("somebody who may not", () => {
  it.concurrent.each([
    ["enter the folder", 0o000],
    ["write into it", 0o555],
    ["list it", 0o311],
  ])("%s", async (_what, mode) => {
    const location = join(openFolder(), "cache");
    fs.cpSync(filled, location, { recursive: true });
    if (mode === 0o555) changeModes(location, mode);
    else fs.chmodSync(location, mode);
    const { warned } = await unharmed(location, "nobody", "fill", "fill");
    expect(warned).toHaveLength(1);
    fs.chmodSync(location, 0o700);
    changeModes(location, 0o777);
    expect(await unharmed(location, "nobody", "fill")).toMatchObject({ computed: [], warned: [] });
  });

  it("make it", async () => {
    const parent = openFolder();
    fs.chmodSync(parent, 0o555);
    const { warned } = await unharmed(join(parent, "cache"), "nobody", "fill", "fill");
    expect(warned).toHaveLength(1);
    fs.chmodSync(parent, 0o777);
    await unharmed(join(parent, "cache"), "nobody", "fill");
    expect(await unharmed(join(parent, "cache"), "nobody", "fill")).toMatchObject({ computed: [] });
  });

  const works = FOLDERS.flatMap((part) => [`chmod ${part} 000`, `chmod ${part} 500`]);
  it.concurrent.each(works)("any more: %s", async (work) => {
    const location = join(openFolder(), "cache");
    const before = ["nobody", "large 1", "later 1", "small 3"];
    await unharmed(location, ...before, work, "fill", "large 4", "later 4", "soon 4", "stay");
    fs.chmodSync(join(location, work.split(" ")[1] as string), 0o700);
    await unharmed(location, "nobody", "fill");
    const { computed, warned } = await unharmed(location, "nobody", "fill");
    expect({ computed, warned }).toEqual({ computed: [], warned: [] });
  });
});

describe("a path", () => {
  const long = (length: number) => {
    const folder = temporaryFolder();
    const rest = `/${"long".repeat(50)}`.repeat(length / 200);
    return `${folder}${rest}`.slice(0, length);
  };

  it.concurrent.each([4000, 4040, 4060, 4080, 5000])("of %i characters", async (length) => {
    await unharmed(long(length), "fill", "fill", "clear", "fill");
  });

  it.concurrent.each([
    "größer als ein Ordner",
    "nu\u0308r zerlegt",
    "缓存 キャッシュ 🗃️",
    "new\nline, %20 and 'quotes\"",
    "-rf *",
    "\\back\\slash",
  ])("with %j", async (name) => {
    const location = join(temporaryFolder(), name);
    await expectUsable(location);
    expect(fs.readdirSync(dirname(location))).toEqual([name]);
  });
});

describe("a process", () => {
  it.concurrent.each([0, 1, 2, 3, 4, 6])(
    "with %i file descriptors left, from the start or later",
    async (left) => {
      const [fresh, used] = [copyOf(filled), copyOf(filled)];
      const rest = [`exhaust ${left}`, "fill", "large 3", "later 3"];
      const before = ["large 1", "later 1", "small 3"];
      expect(harmsOf(await doWorksWithin(64, fresh, ...rest))).toEqual([]);
      expect(harmsOf(await doWorksWithin(64, used, ...before, ...rest))).toEqual([]);
      await expectUsable(fresh);
      await expectUsable(used);
    },
  );

  it("with 32 file descriptors in all", async () => {
    const location = copyOf(filled);
    expect(harmsOf(await doWorksWithin(32, location, "fill", "large 3", "later 3"))).toEqual([]);
    await expectUsable(location);
  });

  it("without a home, or a working directory", async () => {
    const works = `
      import { rmSync } from "node:fs";
      import { memoize } from "bloscache";
      const { FOLDER, GONE } = process.env;
      delete process.env.HOME;
      delete process.env.BLOSCACHE_DIR;
      process.chdir(FOLDER);
      if (GONE) rmSync(FOLDER, { recursive: true });
      const warned = [];
      process.on("warning", ({ code }) => warned.push(code));
      let runs = 0;
      const twice = memoize((x) => (runs++, Float64Array.of(2 * x)), { id: "twice", version: "1" });
      const later = memoize(async (x) => Float64Array.of(2 * x), { id: "later", version: "1" });
      const right = twice(4)[0] === 8 && twice(4)[0] === 8 && (await later(4))[0] === 8;
      await new Promise(setImmediate);
      console.log(JSON.stringify({ right, runs, warned }));`;
    const FOLDER = temporaryFolder();
    expect(await inChild(works, { FOLDER })).toEqual({ right: true, runs: 1, warned: [] });
    expect(await inChild(works, { FOLDER, GONE: "1" })).toEqual({
      right: true,
      runs: 2,
      warned: ["CACHE_UNUSABLE"],
    });
  });
});
