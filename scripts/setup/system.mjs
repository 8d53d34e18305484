/** What the build needs from the system: found, or installed where that is allowed, or asked for. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run, SetupError, say, succeeds } from "./shell.mjs";

const compiler = process.env.CXX || "c++";

const tools = {
  compiler: {
    label: "a C++ compiler",
    isFound: () => succeeds(compiler, "--version"),
    packages: { apt: "g++", dnf: "gcc-c++", brew: "gcc", conda: "cxx-compiler" },
  },
  cmake: {
    label: "CMake",
    isFound: () => succeeds("cmake", "--version"),
    packages: { apt: "cmake", dnf: "cmake", brew: "cmake", conda: "cmake" },
  },
  make: {
    label: "make or ninja", // Debian's cmake only recommends make
    isFound: () => succeeds("ninja", "--version") || succeeds("make", "--version"),
    packages: { apt: "make", dnf: "make", brew: "make", conda: "make" },
  },
  blosc: {
    label: "C-Blosc with its header",
    isFound: hasBlosc,
    packages: { apt: "libblosc-dev", dnf: "blosc-devel", brew: "c-blosc", conda: "blosc" },
  },
  python: {
    label: "Python 3 with venv", // which Debian keeps in a package of its own
    isFound: () => succeeds("python3", "-c", "import venv, ensurepip"),
    packages: { apt: "python3-venv", dnf: "python3", brew: "python", conda: "python" },
  },
};

const installCommands = {
  apt: "sudo apt-get install -y --no-install-recommends",
  dnf: "sudo dnf install -y",
  brew: "brew install",
  conda: "conda install -y -c conda-forge",
};

export function hasTools(names) {
  return missing(names).length === 0;
}

/** Returns with all of `names` there, or throws the commands that install them. */
export function requireTools(names) {
  const absent = missing(names);
  if (absent.length === 0) return;
  const installed = canUseApt() && aptInstall(absent);
  if (!installed || !hasTools(absent)) throw new SetupError(howToInstall(missing(names)));
}

function missing(names) {
  return names.filter((name) => !tools[name].isFound());
}

/** By pkg-config where there is one; else the compiler, or a prefix that CMake searches, has it. */
function hasBlosc() {
  const { CONDA_PREFIX, HOMEBREW_PREFIX = "/opt/homebrew" } = process.env;
  return (
    succeeds("pkg-config", "--exists", "blosc") ||
    succeeds(compiler, "-x", "c++", "-include", "blosc.h", "-fsyntax-only", "/dev/null") ||
    [CONDA_PREFIX, HOMEBREW_PREFIX, "/usr/local"].some(
      (prefix) => prefix && existsSync(join(prefix, "include/blosc.h")),
    )
  );
}

const isRoot = process.getuid?.() === 0;

function canUseApt() {
  return succeeds("apt-get", "--version") && (isRoot || succeeds("sudo", "-n", "true"));
}

/** Package lists may be missing (a fresh image) or too old: then they are fetched first. */
function aptInstall(names) {
  const packages = names.map((name) => tools[name].packages.apt);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  say(`${labels(names)} not found; installing ${packages.join(", ")} with apt-get`);
  return apt(install, "ignore") || (apt(["update"]) && apt(install));
}

function apt(args, stdio = ["ignore", 2, 2]) {
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"];
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...options, ...args];
  const [program, ...rest] = isRoot ? command : ["sudo", "-n", ...command];
  return run(program, rest, { stdio }).ok;
}

function howToInstall(names) {
  const lines = Object.entries(installCommands).map(([manager, command]) => {
    const packages = names.map((name) => tools[name].packages[manager]);
    return `  ${manager.padEnd(6)} ${command} ${packages.join(" ")}`;
  });
  const windows =
    "  Windows is not tried yet: Visual Studio with C++ and CMake, and C-Blosc from conda or vcpkg";
  return [`${labels(names)} not found. To install:`, ...lines, windows].join("\n");
}

function labels(names) {
  return names.map((name) => tools[name].label).join(", ");
}
