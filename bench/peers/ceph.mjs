/** A real S3 server on this machine for the time of a question, or the one that the environment names. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../test/s3/start-ceph.sh", import.meta.url));
const ports = { S3_PORT: "8433", MON_PORT: "6989" };

/**
 * Starts it, and has all trials find it by the SDK's own variables.
 *
 * @returns what stops it
 * @throws {Error} where there is none
 */
export function startCeph(workspace) {
  if (process.env.AWS_ENDPOINT_URL_S3) return () => {};
  if (spawnSync("which", ["radosgw"]).status !== 0) {
    throw new Error("it needs Ceph (ceph-mon, ceph-osd, radosgw), or AWS_ENDPOINT_URL_S3");
  }
  const env = { ...process.env, ...ports, DIR: join(workspace, "ceph") };
  const run = (action) => execFileSync("bash", [script, action], { env, stdio: "ignore" });
  run("start");
  const ours = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${ports.S3_PORT}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "testaccess",
    AWS_SECRET_ACCESS_KEY: "testsecret0123456789",
  };
  Object.assign(process.env, ours);
  return () => {
    run("kill");
    for (const name of Object.keys(ours)) delete process.env[name];
  };
}
