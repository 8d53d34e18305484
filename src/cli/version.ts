/** `--version`. */
import { readFileSync } from "node:fs";

/** Thrown where the option is read, because what is to be printed takes time to load. */
export class VersionRequest extends Error {}

export async function printVersion(): Promise<void> {
  const { bloscVersion } = await import("../blosc/codec.ts");
  const manifest = new URL("../../package.json", import.meta.url); // from src/cli and dist/cli
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  process.stdout.write(`bloscache: '${version}' blosc: '${bloscVersion}'\n`);
}
