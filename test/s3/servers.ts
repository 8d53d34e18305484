/**
 * Real stores on this machine: Ceph, whose S3 has conditional puts, and Swift, whose S3 has none. A
 * server starts with the first test that asks for it, and ends with the run (`stop-servers.ts`).
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

export type ServerName = "ceph" | "swift";

/** A server that answers. */
export interface Server {
  readonly name: ServerName;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What starts, stops and kills it again, as the scripts beside this file have it. */
  run(action: "start" | "stop" | "kill"): Promise<void>;
}

const NEEDED: Record<ServerName, readonly string[]> = {
  ceph: ["ceph-mon", "ceph-osd", "radosgw"],
  swift: ["swift-proxy-server", "memcached"],
};

/**
 * Whether the machine has the server; `npm test` does without, and says so. Where
 * `BLOSCACHE_REQUIRE_S3` is set, as in CI, it must be there.
 */
export function isInstalled(name: ServerName): boolean {
  const lacking = NEEDED[name].filter(
    (command) => spawnSync("which", [command], { stdio: "ignore" }).status !== 0,
  );
  const isRoot = process.getuid?.() === 0;
  if (lacking.length === 0 && isRoot) return true;
  const why = `${name} cannot run here: ${lacking.join(", ") || "it needs root"}`;
  if (process.env["BLOSCACHE_REQUIRE_S3"]) throw new Error(why);
  process.stderr.write(`NOT TESTED, as ${why} (see .ci/run)\n`);
  return false;
}

/** The settings of a client of it; more of them may be given. */
export function clientOptions(server: Server, more: S3ClientConfig = {}): S3ClientConfig {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  return {
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    ...more,
  };
}

/** What a process needs in its environment for the SDK's own chain to find the server. */
export function environmentOf(server: Server): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

/** A new bucket; its name. */
export async function newBucket(server: Server): Promise<string> {
  const Bucket = `test-${randomUUID()}`;
  // A Swift whose proxy answers may still be waiting for what is behind it.
  const client = new S3Client(clientOptions(server, { maxAttempts: 12 }));
  await client.send(new CreateBucketCommand({ Bucket }));
  client.destroy();
  return Bucket;
}

const execute = promisify(execFile);

/** Starts a server, unless another test of the run has done so. */
export async function startServer(name: ServerName): Promise<Server> {
  const folder = join(runFolder(), name);
  const settings = join(folder, "ports.json");
  mkdirSync(folder, { recursive: true });
  const lock = await acquire(join(folder, "lock"));
  if (lock) {
    const ports = await freePorts(name);
    await runScript(name, "start", folder, ports);
    writeFileSync(settings, JSON.stringify(ports));
  }
  while (!existsSync(settings)) await setTimeout(100);
  const ports = JSON.parse(readFileSync(settings, "utf8")) as Ports;
  const [accessKeyId, secretAccessKey] =
    name === "ceph" ? ["testaccess", "testsecret0123456789"] : ["test:tester", "testing"];
  return {
    ...({ name, accessKeyId, secretAccessKey } as Omit<Server, "run" | "endpoint">),
    endpoint: `http://127.0.0.1:${ports.S3_PORT}`,
    run: (action) => runScript(name, action, folder, ports),
  };
}

/** A second door to a Ceph that runs, which can be killed and started again without harm to others. */
export interface Gateway {
  readonly endpoint: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export async function startGateway(): Promise<Gateway> {
  await startServer("ceph");
  const { S3_PORT: port } = await freePorts("ceph");
  const conf = join(runFolder(), "ceph", "ceph.conf");
  const own = join(runFolder(), `gateway-${port}`);
  const frontends = `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`;
  const args = ["-f", "-n", "client.rgw", "-c", conf, "--rgw_frontends", frontends];
  const files = [
    "--admin_socket",
    `${own}.asok`,
    "--pid_file",
    `${own}.pid`,
    "--log_file",
    `${own}.log`,
  ];
  let child: ChildProcess | undefined;
  const gateway: Gateway = {
    endpoint: `http://127.0.0.1:${port}`,
    async start() {
      child = spawn("radosgw", [...args, ...files], { stdio: "ignore" });
      while (await isPortFree(Number(port))) await setTimeout(100);
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
  await gateway.start();
  return gateway;
}

/** Folder of the servers of this run; set by `stop-servers.ts`, or by who keeps servers running. */
function runFolder(): string {
  const folder = process.env["BLOSCACHE_TEST_SERVERS"];
  if (folder === undefined) throw new Error("BLOSCACHE_TEST_SERVERS is not set");
  return folder;
}

interface Ports {
  readonly S3_PORT: string;
  readonly MON_PORT: string;
  readonly BASE_PORT: string;
  readonly MC_PORT: string;
}

async function runScript(
  name: ServerName,
  action: string,
  folder: string,
  ports: Ports,
): Promise<void> {
  const script = join(import.meta.dirname, `start-${name}.sh`);
  const env = { ...process.env, ...ports, DIR: folder };
  // Daemons keep what they inherit open: a pipe would not end before they do.
  const log = join(folder, `${action}.log`);
  await execute("bash", ["-c", `"$0" "$1" > "$2" 2>&1 < /dev/null`, script, action, log], { env });
}

/** Whether this process is the first. */
async function acquire(path: string): Promise<boolean> {
  try {
    closeSync(openSync(path, "wx"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Servers that start at the same time choose among others, as a port is not taken when it is looked at;
 * and all of them below those that the system gives to clients.
 */
async function freePorts(name: ServerName): Promise<Ports> {
  const first = name === "ceph" ? 12_000 : 22_000;
  const base = first + Math.floor(Math.random() * 10) * 1000;
  const isFree = await Promise.all(
    [base, base + 100, base + 200, base + 501, base + 900].map(isPortFree),
  );
  if (!isFree.every(Boolean)) return freePorts(name);
  return {
    S3_PORT: String(base),
    MON_PORT: String(base + 100),
    BASE_PORT: String(base + 500),
    MC_PORT: String(base + 900),
  };
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
