/** Keys of yesterday, for ever: test/fixtures/keys.json, and docs/keys.md by a second encoder. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { beforeAll, describe, expect, test } from "vitest";
import type { FunctionIdentity } from "../../src/cache/identity.ts";
import { callKey, keyHex } from "../../src/cache/key.ts";
import type { Receiver } from "../../src/cache/receiver.ts";
import { buildLibrary } from "./key-build.ts";
import { referenceCall, referenceDigest } from "./key-reference.ts";

interface Fixture {
  readonly identity: FunctionIdentity;
  readonly values: { name: string; value: unknown; key: string; clone?: false }[];
  readonly calls: {
    name: string;
    identity?: FunctionIdentity;
    args: unknown[];
    receiver?: Receiver;
    key: string;
  }[];
}

const script = new URL("../../scripts/keys-fixture.mjs", import.meta.url);
const { rebuild, readFixture } = (await import(script.href)) as {
  rebuild: (json: unknown) => unknown;
  readFixture: () => Fixture;
};
const { identity, values, calls } = readFixture();

const keyOf = (value: unknown) => keyHex(callKey(identity, [value]));

describe("golden keys", () => {
  test.each(values)("$name", ({ value, key }) => {
    expect(keyOf(rebuild(value))).toBe(key);
  });

  test.each(calls)("call: $name", (call) => {
    const { receiver } = call;
    const by = receiver && { by: receiver.by, value: rebuild(receiver.value) };
    const args = call.args.map((arg) => rebuild(arg));
    expect(keyHex(callKey(call.identity ?? identity, args, by))).toBe(call.key);
  });

  test("no two are equal", () => {
    const keys = [...values, ...calls].map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(140);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(values.filter(({ value }) => JSON.stringify(value) !== '{"$":"undefined"}'))(
    "docs/keys.md gives the same for $name",
    ({ value, key }) => {
      const { id, version } = identity;
      expect(referenceDigest(referenceCall(id, version, [rebuild(value)]))).toBe(key);
    },
  );

  test.each(values.filter(({ clone }) => clone !== false))(
    "a structured clone has the same key: $name",
    ({ value, key }) => {
      expect(keyOf(structuredClone(rebuild(value)))).toBe(key);
    },
  );
});

describe("the build", () => {
  const golden = [...values, ...calls].map(({ key }) => key);
  let dist: string;
  beforeAll(() => {
    dist = buildLibrary("keys");
  });

  test("has the same keys in another process", () => {
    const args = [fileURLToPath(script), "--print", dist];
    const options = { encoding: "utf8", cwd: "/" } as const;
    expect(JSON.parse(execFileSync(process.execPath, args, options))).toEqual(golden);
  });

  test("has the same keys in a worker", async () => {
    const worker = new Worker(script, { argv: ["--print", dist] });
    const keys = await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(keys).toEqual(golden);
  });

  test("can be required", () => {
    const code = `const { callKey } = require(${JSON.stringify(`${dist}/cache/key.js`)});
      console.log(callKey({ id: "f", version: "v:1", slug: "f" }, [1]).length)`;
    const args = ["--no-warnings", "--input-type=commonjs", "-e", code];
    expect(execFileSync(process.execPath, args, { encoding: "utf8" }).trim()).toBe("16");
  });
});

test("the example in docs/keys.md is true", () => {
  const page = readFileSync(new URL("../../docs/keys.md", import.meta.url), "utf8");
  const [, key] = /digested to `([0-9a-f]{32})`:/.exec(page) ?? [];
  const [, listing = ""] = /^Example: .*?```\n(.*?)```/ms.exec(page) ?? [];
  const bytes = listing.split("\n").map((line) => line.slice(0, 41).replaceAll(" ", ""));
  expect(referenceDigest(Buffer.from(bytes.join(""), "hex"))).toBe(key);
  expect(keyHex(callKey({ id: "f", version: "v:1", slug: "f" }, [1, "a"]))).toBe(key);
});
