import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { command, sampleBytes } from "./blpk.ts";

/** util-linux's `script` gives a command a terminal; that of BSD has other options. */
const hasTerminal =
  process.platform === "linux" && spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;
if (!hasTerminal) {
  const missing = "the progress bar needs util-linux's `script` and a /dev/pts";
  if (process.env["CI"] === "true") throw new Error(missing);
  console.error(`NOT TESTED: ${missing}`);
}

let cwd: string;

beforeAll(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), sampleBytes(20_000_000));
});

/** Everything that a terminal is sent while this shell script runs in it. */
function onTerminal(script: string): string {
  const { stdout } = spawnSync("script", ["-qec", script, "/dev/null"], { cwd, encoding: "utf8" });
  return stdout;
}

const blpk = `'${process.execPath}' '${command}'`;
/** Data that comes for longer than the command's patience. */
const slowly = "(cat in; sleep 1.3; cat in; sleep 0.4; cat in)";

describe.skipIf(!hasTerminal)("on a terminal", () => {
  test("work of more than a second has a progress bar, which is wiped away", () => {
    const seen = onTerminal(`${slowly} | ${blpk} c - out.blp`);
    expect(seen).toMatch(/compressing \d+\.\d+M \| [\d.]+[KM]\/s/);
    expect(seen.endsWith("\n")).toBe(false);
  });

  test("quick work has none", () => {
    expect(onTerminal(`${blpk} -f c in out.blp`)).toBe("");
  });

  test("compressed data does not go there", () => {
    expect(onTerminal(`${blpk} c in -`)).toMatch(
      /^blpk: error: compressed data is not for a terminal: name an out_file, or force it with -f/,
    );
    expect(onTerminal(`printf x | ${blpk} -f c -`)).toContain("blpk\u0003");
  });
});

describe.skipIf(!hasTerminal)("where stderr is no terminal", () => {
  test("there is no bar", () => {
    expect(onTerminal(`${slowly} | ${blpk} -f c - out.blp 2> errors`)).toBe("");
    expect(fs.readFileSync(join(cwd, "errors"), "utf8")).toBe("");
  });
});
