/** Builds the library as users get it, for tests that need it outside vitest. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param name - of a directory of the caller's own, inside the project: the build finds its
 *   dependencies from where it lies
 * @returns its absolute path
 */
export function buildLibrary(name: string): string {
  const dist = `${root}node_modules/.cache/bloscache/${name}`;
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  // Only the files are of interest here; type errors are for `npm run check`.
  spawnSync(process.execPath, [tsc, "-p", root, "--outDir", dist], { stdio: "ignore" });
  if (!existsSync(`${dist}/cache/key.js`)) throw new Error(`tsc wrote nothing into ${dist}`);
  return dist;
}
