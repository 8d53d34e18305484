// LMDB believes its file. What reads and changes the index does not: whatever is wrong with the
// file, a call gives right rows, none, or says that it is damaged.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { inChild } from "../support/child.ts";
import {
  DAMAGES,
  openFile,
  PAGE,
  randomOf,
  type Sample,
  SEED,
  sample,
} from "../support/damaged-index.ts";
import { buildModules } from "../support/modules.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A process that takes longer hangs. */
const LIMIT_MS = 30_000;

/** What a call gave: "right" for the sound file's row, "none", "wrong", or the code of its error. */
interface Outcome {
  readonly get: readonly string[];
  readonly scan: string;
  readonly write: readonly string[];
}

const modules = buildModules("lmdb-damage");

// Uses the file in FOLDER in every way; keys and rows are those of the one in SOUND.
const source = `
  import { Lmdb } from "${modules}/blosc/lmdb.js";
  const options = { mapSize: 2 ** 32, maxReaders: 100, nearSize: Number(process.env.NEAR), sync: false };
  const open = (folder) => new Lmdb(folder, options);
  const all = (db) => Array.from(db.scan(new Uint8Array()), ({ key, row }) =>
    [Buffer.from(key).toString("hex"), Buffer.from(row).toString("hex")]);
  const rows = new Map(all(open(process.env.SOUND)));
  const keys = Array.from(rows.keys(), (hex) => Buffer.from(hex, "hex"));
  const attempt = (run) => {
    try {
      return run();
    } catch (error) {
      return error.code ?? error.message;
    }
  };
  const isSame = (row, key) => Buffer.from(row).toString("hex") === rows.get(key.toString("hex"));
  const get = new Set();
  const write = new Set();
  let scan = "closed";
  const failed = attempt(() => {
    const db = open(process.env.FOLDER);
    for (const key of keys) {
      get.add(attempt(() => {
        const row = db.get(key);
        return row === undefined ? "none" : isSame(row, key) ? "right" : "wrong";
      }));
    }
    scan = attempt(() => all(db).every(([key, row]) => rows.get(key) === row) ? "right" : "wrong");
    for (let at = 0, size = 1; at < keys.length; at += size, size = 31 - size) {
      const some = keys.slice(at, at + size);
      const puts = some.map((key, i) => {
        return { put: [[Buffer.from(key).fill(at + i, 8), Buffer.alloc((i % 9) ** 4, i)]] };
      });
      write.add(attempt(() => db.write(puts)[0]));
      write.add(attempt(() => db.write(some.map((key) => ({ delete: [key] })))[0]));
    }
  });
  if (failed !== undefined) get.add(failed);
  console.log(JSON.stringify({ get: [...get], scan, write: [...write].map(String) }));`;

let sound: Sample;
beforeAll(() => {
  sound = sample();
});

/** How large a file may be to be read through the map: this one is, or is not. */
const READINGS = [
  ["through the map", 2 ** 26],
  ["by calls of the system", 0],
] as const;

/** Damages a copy of the sound file, and uses it in a process of its own. */
async function use(
  near: number,
  damage: (file: Sample) => void,
): Promise<Outcome & { size: number }> {
  const folder = temporaryFolder();
  const bytes = Buffer.from(sound.bytes);
  const path = join(folder, "data.mdb");
  const file = { ...sound, path, bytes };
  damage(file);
  writeFileSync(path, bytes);
  const env = { FOLDER: folder, SOUND: join(sound.path, ".."), NEAR: String(near) };
  const outcome = await inChild<Outcome>(source, env, LIMIT_MS);
  return { ...outcome, size: statSync(path).size };
}

describe.each(READINGS)("a damaged file, read %s,", (_name, near) => {
  // The values of rows are not checked here, and which meta page counts is not either.
  const known = DAMAGES.filter(([name]) => name !== "a transaction of the other page");

  test.each(known)("%s", async (_name, damage) => {
    const { get, scan, write, size } = await use(near, damage);
    // MDB_MAP_RESIZED, ENOMEM: more pages than the map has.
    const refusals = ["MDB_CORRUPTED", "MDB_ERROR", "ENOMEM"];
    expect(["right", "none", ...refusals]).toEqual(expect.arrayContaining([...get]));
    expect(["right", "closed", ...refusals]).toContain(scan);
    expect(["true", ...refusals]).toEqual(expect.arrayContaining([...write]));
    expect(size).toBeLessThan(2 ** 27);
  });

  test("is used in every way as long as it is sound", async () => {
    const outcome = await use(near, () => undefined);
    expect(outcome).toMatchObject({ get: ["right"], scan: "right", write: ["true"] });
  });

  // LMDB counts 2^31 - 8 keys in such a page, and searches them for ever.
  test("a leaf of fixed-size keys without keys is refused", async () => {
    const { get, scan, write } = await use(near, ({ bytes, root }) => {
      bytes.writeUInt16LE(0x22, root + 10);
      bytes.writeUInt16LE(0, root + 12);
    });
    const refused = ["MDB_CORRUPTED"];
    expect({ get, scan, write }).toEqual({ get: refused, scan: "MDB_CORRUPTED", write: refused });
  });

  test("with free pages far behind its end is not made larger", async () => {
    const { write, size } = await use(near, ({ bytes, freeLeaf, node }) => {
      bytes.writeUInt32LE(2 ** 31, node(freeLeaf, 0) + 24);
    });
    expect(write).toEqual(["MDB_CORRUPTED"]);
    expect(size).toBe(sound.bytes.length);
  });

  test(`at random, seed ${SEED}`, async () => {
    console.log(`seed ${SEED}`);
    for (let n = 0; n < 30; n++) {
      const random = randomOf(SEED + n);
      const name = `seed ${SEED}, case ${n}`;
      const outcome = use(near, ({ bytes }) => {
        const page = random(bytes.length / PAGE) * PAGE;
        const span = random(2) === 0 ? 64 : PAGE;
        for (let i = 1 + random(64); i > 0; i--) bytes[page + random(span)] = random(256);
      });
      await expect(outcome, name).resolves.toBeDefined();
    }
  }, 200_000);

  test("that is cut while it is open costs no process that reads it", async () => {
    const bytes = readFileSync(sound.path);
    const cut = bytes.subarray(0, Math.floor(bytes.length / 2 / PAGE) * PAGE);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "data.mdb"), cut);
    const env = { FOLDER: folder, SOUND: join(sound.path, ".."), NEAR: String(near) };
    const { get, write } = await inChild<Outcome>(source, env, LIMIT_MS);
    expect(["right", "MDB_CORRUPTED"]).toEqual(expect.arrayContaining([...get]));
    expect(write).toEqual(["MDB_CORRUPTED"]);
  });
});

test.skipIf(process.platform === "win32")(
  "leaves and rows that are cut off a large file cost no process that has it open",
  async () => {
    const folder = temporaryFolder();
    const keys = ["a", "b", "c", "d"];
    const put = keys.map((key) => [Buffer.from(key), Buffer.alloc(20_000, key)] as const);
    openFile(folder).write([{ put }]);
    const reading = `
      import fs from "node:fs";
      import { Lmdb } from "${modules}/blosc/lmdb.js";
      const db = new Lmdb(process.env.FOLDER, { mapSize: 2 ** 32, maxReaders: 9, nearSize: 0, sync: false });
      const file = process.env.FOLDER + "/data.mdb";
      const outcomes = [];
      for (const bytes of [fs.statSync(file).size, 12 * 4096, 2 * 4096]) {
        fs.truncateSync(file, bytes);
        for (const key of ${JSON.stringify(keys)}) {
          try {
            outcomes.push(db.get(Buffer.from(key)).every((byte) => byte === key.charCodeAt(0)));
          } catch (error) {
            outcomes.push(error.code);
          }
        }
      }
      console.log(JSON.stringify(outcomes));`;
    const outcomes = await inChild<unknown[]>(reading, { FOLDER: folder }, LIMIT_MS);
    expect(outcomes.slice(0, 4)).toEqual([true, true, true, true]);
    expect(new Set(outcomes.slice(4))).toEqual(new Set([true, "MDB_CORRUPTED"]));
    expect(outcomes.slice(8)).toEqual(Array.from(keys, () => "MDB_CORRUPTED"));
  },
);

test("a sound file is as long as its pages say, whatever a batch gives and takes", () => {
  const folder = temporaryFolder();
  const db = openFile(folder);
  const keys = Array.from({ length: 200 }, (_, i) => Buffer.from(`key ${i}`));
  db.write([{ put: keys.slice(0, 20).map((key) => [key, Buffer.alloc(100)] as const) }]);
  const put = keys.map((key) => ({ put: [[key, Buffer.alloc(1000)] as const] }));
  db.write([...put, { delete: keys }]);
  const bytes = readFileSync(join(folder, "data.mdb"));
  const meta = bytes.readBigUInt64LE(PAGE + 144) > bytes.readBigUInt64LE(144) ? PAGE : 0;
  expect(bytes.length).toBeGreaterThanOrEqual(
    (Number(bytes.readBigUInt64LE(meta + 136)) + 1) * PAGE,
  );
});
