/**
 * The sources of C-Blosc that the addon is built from, in vendor/c-blosc, at the release and the
 * hash that native/c-blosc.txt pins. No npm package carries them; the Python package does.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { run, SetupError } from "./shell.mjs";
import { requireTools } from "./system.mjs";

const pin = "native/c-blosc.txt";
const target = "vendor/c-blosc";
const stamp = join(target, "c-blosc.txt");

/** What of its tree is compiled, or says under which licence; the rest is tests and benchmarks. */
const kept = [
  ...["CMakeLists.txt", "README.md", "LICENSE.txt", "LICENSES"],
  ...["blosc", "blosc.pc.in", "internal-complibs"],
];

export function hasCBloscSources() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(pin, "utf8");
}

/** @param notes folder for scratch files */
export function fetchCBloscSources(notes) {
  requireTools(["python"]);
  const scratch = mkdtempSync(join(notes, "c-blosc-"));
  try {
    rmSync(target, { recursive: true, force: true });
    copySources(unpack(scratch));
    // Last: it says that all else is there.
    copyFileSync(pin, stamp);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Downloads the source package and returns where C-Blosc is in it. */
function unpack(scratch) {
  const python = join(
    scratch,
    process.platform === "win32" ? "venv/Scripts/python" : "venv/bin/python",
  );
  const download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"];
  const source = [
    "--no-binary",
    "blosc",
    "--require-hashes",
    "--requirement",
    pin,
    "--dest",
    scratch,
  ];
  const ok =
    run("python3", ["-m", "venv", join(scratch, "venv")]).ok &&
    run(python, ["-m", "pip", ...download, ...source]).ok;
  const archive = readdirSync(scratch).find((name) => name.endsWith(".tar.gz"));
  if (
    !ok ||
    archive === undefined ||
    !run("tar", ["-xzf", join(scratch, archive), "-C", scratch]).ok
  ) {
    throw new SetupError("The sources of C-Blosc cannot be had from PyPI, see above.");
  }
  return join(scratch, archive.replace(/\.tar\.gz$/, ""), "blosc", "c-blosc");
}

function copySources(from) {
  for (const name of kept) cpSync(join(from, name), join(target, name), { recursive: true });
}
