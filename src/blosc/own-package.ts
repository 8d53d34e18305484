/** Where this package lies: the same answer from `src`, and from `dist` however it was bundled. */

import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The directory of this package's package.json. */
export const PACKAGE_ROOT: string = findRoot(here);

/** The directory of this package's code, `src` or `dist`, with a separator at its end. */
export const CODE_ROOT: string = codeRoot();

function findRoot(directory: string): string {
  if (existsSync(join(directory, "package.json"))) return directory;
  const parent = dirname(directory);
  // Bundled into a file that is in no package at all: whoever looks for something will not find it.
  return parent === directory ? here : findRoot(parent);
}

function codeRoot(): string {
  const [first = ""] = relative(PACKAGE_ROOT, here).split(sep);
  return join(PACKAGE_ROOT, first) + sep;
}
