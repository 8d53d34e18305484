/** The look at an index before LMDB maps it, while other processes write to it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findIndexFault } from "../../src/store/index-check.ts";
import { buildModules } from "../support/modules.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Grows an index by one commit after another, until it is killed. */
const writer = (folder: string) => `
  import { Lmdb } from ${JSON.stringify(`${buildModules("index-check")}/blosc/lmdb.js`)};
  const lmdb = new Lmdb(${JSON.stringify(folder)}, { mapSize: 2 ** 32, maxReaders: 10, nearSize: 2 ** 26, sync: false });
  console.log("at work");
  for (let i = 0; i < 100_000; i++) lmdb.write([{ put: [[Buffer.from("row " + i), new Uint8Array(6000)]] }]);`;

it("an index that grows meanwhile is sound", { timeout: 30_000 }, async () => {
  const folder = temporaryFolder();
  const args = ["--input-type=module", "-e", writer(folder)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const faults = new Set<string | undefined>();
  const end = Date.now() + 2000;
  while (Date.now() < end) faults.add(findIndexFault(join(folder, "data.mdb")));
  child.kill("SIGKILL");
  expect([...faults]).toEqual([undefined]);
});
