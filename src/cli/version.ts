/** `--version`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_ROOT } from "../blosc/own-package.ts";

/** Thrown where the option is read, because what is to be printed takes time to load. */
export class VersionRequest extends Error {}

export async function printVersion(): Promise<void> {
  const { bloscVersion } = await import("../blosc/codec.ts");
  const manifest = readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  process.stdout.write(`bloscache: '${version}' blosc: '${bloscVersion}'\n`);
}
