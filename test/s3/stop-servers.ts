/** Gives the run a folder for servers, and ends those that its tests have started. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup(): (() => void) | undefined {
  // Who keeps servers running from run to run names their folder.
  if (process.env["BLOSCACHE_TEST_SERVERS"] !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "bloscache-servers-"));
  process.env["BLOSCACHE_TEST_SERVERS"] = folder;
  return () => {
    for (const name of ["ceph", "swift"]) {
      const started = join(folder, name);
      if (!existsSync(started)) continue;
      const script = join(import.meta.dirname, `start-${name}.sh`);
      execFileSync(script, ["kill"], { env: { ...process.env, DIR: started }, stdio: "ignore" });
    }
    rmSync(folder, { recursive: true, force: true });
  };
}
