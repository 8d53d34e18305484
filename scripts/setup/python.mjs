/** Virtual environments of Python, from a list of packages with their versions. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { run, SetupError } from "./shell.mjs";
import { requireTools } from "./system.mjs";

/** A copy in the environment tells what is in it, once all of it is. */
const copyIn = (folder) => `${folder}/requirements.txt`;

export function isPythonDue(folder, requirements) {
  const copy = copyIn(folder);
  return !existsSync(copy) || readFileSync(copy, "utf8") !== readFileSync(requirements, "utf8");
}

/** @param atLeast what of Python the packages need, for people */
export function installPython(folder, requirements, atLeast) {
  requireTools(["python"]);
  const python = `${folder}/${process.platform === "win32" ? "Scripts/python.exe" : "bin/python"}`;
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--use-pep517"];
  const ok =
    run("python3", ["-m", "venv", "--clear", folder]).ok &&
    run(python, [...pip, "--requirement", requirements]).ok;
  if (!ok) {
    throw new SetupError(
      `The packages of ${requirements} cannot be installed, see above. They need Python ${atLeast}\n` +
        "or later and a reachable PyPI.",
    );
  }
  copyFileSync(requirements, copyIn(folder));
}
