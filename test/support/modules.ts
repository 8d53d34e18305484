/** The library's modules one by one, for tests that need them outside vitest. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param name - of a directory of the caller's own, inside the project: the modules find their
 *   dependencies from where they lie
 * @returns its absolute path
 */
export function buildModules(name: string): string {
  const folder = `${root}node_modules/.cache/bloscache/${name}`;
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  // Only the files are of interest here; type errors are for `npm run check`.
  spawnSync(process.execPath, [tsc, "-p", root, "--outDir", folder], { stdio: "ignore" });
  if (!existsSync(`${folder}/cache/key.js`)) throw new Error(`tsc wrote nothing into ${folder}`);
  return folder;
}
