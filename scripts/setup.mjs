/**
 * Makes a checkout ready to use. Depends on nothing but Node, may be run at any time and any number
 * of times: each step is passed over when its result is up to date, and then nothing is printed.
 * Everything that is printed goes to stderr.
 *
 *   node scripts/setup.mjs [--python] [--bench]
 *
 * `--python` adds the virtual environment in which the tests run the Python reference, `--bench` all
 * that the benchmark measures beside ours: npm packages in bench/node_modules and a virtual
 * environment in bench/.venv. BLOSCACHE_NO_PYTHON=1 leaves out what is Python's. Only with CI=true
 * is a missing environment a failure.
 * BLOSCACHE_SYSTEM_BLOSC=1 builds with the C-Blosc of the system and not with the pinned one.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchCBloscSources, hasCBloscSources } from "./setup/c-blosc.mjs";
import { withLock } from "./setup/lock.mjs";
import { installPython, isPythonDue } from "./setup/python.mjs";
import { run, SetupError, say } from "./setup/shell.mjs";
import { isOutOfDate, markUpToDate } from "./setup/stamp.mjs";
import { hasTools, requireTools } from "./setup/system.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const mayUsePython = process.env.BLOSCACHE_NO_PYTHON !== "1";
const wantsPython = process.argv.includes("--python") && mayUsePython;
const wantsBench = process.argv.includes("--bench");
const wantsSystemBlosc = process.env.BLOSCACHE_SYSTEM_BLOSC === "1";
const linkedBlosc = wantsSystemBlosc ? "C-Blosc of the system\n" : "pinned C-Blosc\n";
const mustHavePython = process.env.CI === "true";

/** Notes of this script: its lock, and when the build steps last succeeded, with what. */
const notes = ".setup";
/** By which the benchmark, a package of its own, imports ours by its name. */
const ownLink = "bench/node_modules/bloscache";
const buildTools = ["compiler", "cmake", "make"];

const steps = [
  {
    name: "build tools",
    isDue: () => isNativeDue() && !hasTools(buildTools),
    run: () => requireTools(buildTools),
  },
  {
    name: "C-Blosc",
    isDue: () => isNativeDue() && !(wantsSystemBlosc ? hasTools(["blosc"]) : hasCBloscSources()),
    run: () => (wantsSystemBlosc ? requireTools(["blosc"]) : fetchCBloscOrUseSystems()),
  },
  {
    name: "npm packages",
    isDue: () => isOutOfDate("node_modules/.package-lock.json", ["package-lock.json"]),
    run: () => installPackages(),
  },
  {
    name: "native addon",
    isDue: isNativeDue,
    run: buildNative,
  },
  {
    name: "dist/",
    isDue: () =>
      !existsSync("dist/index.js") ||
      isOutOfDate(`${notes}/dist`, [
        ...["src", "tsconfig.json", "package.json", "package-lock.json"],
        "scripts/bundle.mjs",
      ]),
    run: buildDist,
  },
  {
    name: "Python reference",
    isDue: () => wantsPython && isPythonDue(".venv", "test/requirements.txt"),
    run: () =>
      orWarn("the tests against the Python reference are skipped", () =>
        installPython(".venv", "test/requirements.txt", "3.9"),
      ),
  },
  {
    name: "npm packages of the benchmark",
    isDue: () =>
      wantsBench &&
      (!existsSync(ownLink) ||
        isOutOfDate("bench/node_modules/.package-lock.json", ["bench/package-lock.json"])),
    run: installBenchPackages,
  },
  {
    name: "Python packages of the benchmark",
    isDue: () => wantsBench && mayUsePython && isPythonDue("bench/.venv", "bench/requirements.txt"),
    run: () =>
      orWarn("the benchmark has no columns of Python's", () =>
        installPython("bench/.venv", "bench/requirements.txt", "3.11"),
      ),
  },
];

function main() {
  if (!steps.some((step) => step.isDue())) return;
  mkdirSync(notes, { recursive: true });
  writeFileSync(`${notes}/.gitignore`, "*\n");
  withLock(`${notes}/lock`, () => {
    for (const step of steps) {
      if (!step.isDue()) continue;
      say(step.name);
      step.run();
    }
  });
}

function installPackages(folder = ".") {
  // No script of a package is needed in bench/: what is native there is prebuilt.
  const scripts = folder === "." ? [] : ["--ignore-scripts"];
  const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { ok } = run("npm", ["ci", "--prefix", folder, ...scripts, ...quietly]);
  if (!ok) {
    throw new SetupError(
      "`npm ci` failed, see above. It needs a reachable npm registry: behind a proxy or a mirror,\n" +
        "set it with `npm config set registry URL`, then run this again.",
    );
  }
}

function installBenchPackages() {
  installPackages("bench");
  symlinkSync("../..", ownLink, "junction");
}

/** The system's C-Blosc does too, though it may be older; CMake takes it where it finds no sources. */
function fetchCBloscOrUseSystems() {
  try {
    fetchCBloscSources(notes);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${error.message}\nGOING ON WITH the C-Blosc of the system.`);
    requireTools(["blosc"]);
  }
}

function isNativeDue() {
  return (
    !existsSync("build/Release/bloscache.node") ||
    isOutOfDate(`${notes}/native`, ["native", "CMakeLists.txt", "package.json"], linkedBlosc)
  );
}

function buildNative() {
  // Ninja takes all cores by itself, make has to be told.
  process.env.CMAKE_BUILD_PARALLEL_LEVEL ??= String(availableParallelism());
  // CMake remembers what it was once told, and `compile` tells it nothing when it is configured.
  const ok =
    (runCMake("configure") || runCMake("reconfigure")) && // which starts from nothing
    runCMake("compile");
  if (!ok) throw new SetupError("The native addon does not build, see above.");
  markUpToDate(`${notes}/native`, linkedBlosc);
}

function runCMake(command) {
  const option = `--CDBLOSCACHE_SYSTEM_BLOSC=${wantsSystemBlosc ? "ON" : "OFF"}`;
  return runNode("node_modules/cmake-js/bin/cmake-js", command, "--log-level=warn", option).ok;
}

/** Starts from nothing, so that no output outlives its source. */
function buildDist() {
  rmSync("dist", { recursive: true, force: true });
  const ok =
    runNode("node_modules/typescript/bin/tsc", "-p", ".", "--emitDeclarationOnly").ok &&
    runNode("scripts/bundle.mjs").ok;
  if (!ok) throw new SetupError("The sources do not compile, see above.");
  markUpToDate(`${notes}/dist`);
}

/** @param loss what it means to go on without, where that is allowed */
function orWarn(loss, install) {
  try {
    install();
  } catch (error) {
    if (mustHavePython || !(error instanceof SetupError)) throw error;
    say(`${error.message}\nGOING ON WITHOUT: ${loss}.`);
  }
}

function runNode(...args) {
  return run(process.execPath, args);
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
