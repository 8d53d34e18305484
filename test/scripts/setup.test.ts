/** The set-up script, in a folder where all tools are dummies that note how they are called. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

const repository = join(import.meta.dirname, "../..");
let root: string;

/** Takes the place of cmake-js. */
const cmakeJs = `
const fs = require("node:fs");
fs.appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");
fs.mkdirSync("build/Release", { recursive: true });
fs.writeFileSync("build/Release/bloscache.node", "");`;

beforeEach(() => {
  root = temporaryFolder();
  fs.cpSync(join(repository, "scripts"), join(root, "scripts"), { recursive: true });
  for (const name of ["package.json", "package-lock.json", "tsconfig.json", "CMakeLists.txt"]) {
    write(name, "{}");
  }
  for (const name of ["native/addon.cc", "src/index.ts"]) write(name, "");
  for (const name of ["native/c-blosc.txt", "vendor/c-blosc/c-blosc.txt"]) write(name, "pin");
  write("node_modules/.package-lock.json", "{}");
  write("node_modules/cmake-js/bin/cmake-js", cmakeJs);
  write("dist/index.js", "");
  write(".setup/dist", "");
  for (const name of ["c++", "cmake", "ninja", "pkg-config"]) {
    write(`bin/${name}`, "#!/bin/sh\n");
    fs.chmodSync(join(root, "bin", name), 0o755);
  }
});

function write(name: string, text: string): void {
  fs.mkdirSync(dirname(join(root, name)), { recursive: true });
  fs.writeFileSync(join(root, name), text);
}

/** How cmake-js was called. */
function setUp(systemBlosc: string): string[] {
  const calls = join(root, "calls");
  fs.rmSync(calls, { force: true });
  const { status } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs")], {
    env: {
      ...process.env,
      BLOSCACHE_SYSTEM_BLOSC: systemBlosc,
      CXX: "c++",
      PATH: join(root, "bin") + delimiter + process.env["PATH"],
    },
  });
  expect(status).toBe(0);
  return fs.existsSync(calls) ? fs.readFileSync(calls, "utf8").trimEnd().split("\n") : [];
}

describe.skipIf(process.platform === "win32")("the addon", () => {
  test("is built again when the other C-Blosc is wanted, and CMake is told of it", () => {
    for (const [wanted, option] of [
      ["", "OFF"],
      ["1", "ON"],
      ["", "OFF"],
    ] as const) {
      const calls = setUp(wanted);
      expect(calls.map((call) => call.split(" ")[0])).toEqual(["configure", "compile"]);
      for (const call of calls) expect(call).toContain(`--CDBLOSCACHE_SYSTEM_BLOSC=${option}`);
      expect(setUp(wanted)).toEqual([]);
    }
  });
});
