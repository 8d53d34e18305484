import { execFileSync } from "node:child_process";
import { afterAll } from "vitest";
import { temporaryFolder } from "./temporary.ts";

const mounted: string[] = [];

afterAll(() => {
  for (const folder of mounted) execFileSync("umount", [folder]);
});

/**
 * A file system of its own with so many MiB; `undefined`, said loudly, where this user may not
 * mount one. In CI that is a failure.
 */
export function smallDisk(mebibytes: number): string | undefined {
  const folder = temporaryFolder();
  try {
    const options = ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", folder];
    execFileSync("mount", options, { stdio: "ignore" });
  } catch {
    if (process.env["CI"] === "true") throw new Error("CI must be able to mount a tmpfs");
    console.error("NOT TESTED: full disks, because this user may not mount a tmpfs");
    return undefined;
  }
  mounted.push(folder);
  return folder;
}
