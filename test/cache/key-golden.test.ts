/** Keys of yesterday, for ever: test/fixtures/keys.json, and docs/keys.md by a second encoder. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { beforeAll, describe, expect, test } from "vitest";
import type { FunctionIdentity } from "../../src/cache/identity.ts";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { DTYPES } from "../../src/cache/key-tags.ts";
import type { Receiver } from "../../src/cache/receiver.ts";
import { buildModules } from "../support/modules.ts";
import { referenceCall, referenceDigest } from "./key-reference.ts";

interface Fixture {
  readonly identity: FunctionIdentity;
  /** `clone: false` where a structured clone is not the same value, or there is none. */
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
const clonable = values.filter(({ clone }) => clone !== false);
const page = readFileSync(new URL("../../docs/keys.md", import.meta.url), "utf8");

/** The tags in the page's table that a value, not a receiver, begins with. */
function valueTags(): string[] {
  const [, table = ""] = /\| value \| tag \| then \|\n.*\n((?:\|.*\n)+)/.exec(page) ?? [];
  const cells = table.split("\n").map((row) => row.split(" | ")[1] ?? "");
  return cells.flatMap((cell) => cell.match(/[^` ]/g) ?? []).filter((tag) => tag !== "C");
}

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

  // The tests above say that these are the keys that are computed.
  test("of no two values or calls are equal", () => {
    const keys = [...values, ...calls].map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(150);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("are there for every kind of value in docs/keys.md", () => {
    const encodings = values.map(({ value }) => referenceCall("", "", [rebuild(value)]));
    // Behind the format, two empty strings, "-" and the number of arguments.
    const tags = encodings.map((bytes) => bytes.toString("latin1", 19, 20));
    const inside = JSON.stringify(values).includes('{"$":"ancestor"') ? ["^"] : [];
    expect(new Set([...tags, ...inside])).toEqual(new Set(valueTags()));

    const typed = encodings.filter((_, i) => tags[i] === "t");
    const dtypes = [...DTYPES].filter(([name]) => name in globalThis).map(([, letter]) => letter);
    expect(new Set(typed.map((bytes) => bytes[20]))).toEqual(new Set(dtypes));

    const makers = values.map(({ value }) => (rebuild(value) as object | null)?.constructor);
    for (const maker of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError]) {
      expect(makers).toContain(maker);
    }
    for (const maker of [URIError, AggregateError]) expect(makers).toContain(maker);
    const boxed = encodings.filter((_, i) => tags[i] === "X").map((bytes) => bytes[20]);
    expect(new Set(boxed)).toEqual(new Set(Buffer.from("nsTiy")));
    const receivers = calls.map(({ receiver }) => JSON.stringify(receiver?.value ?? null));
    expect(receivers.filter((value) => value.startsWith('{"$":"instance"'))).toHaveLength(2);
  });

  test.each(values.filter(({ value }) => JSON.stringify(value) !== '{"$":"undefined"}'))(
    "docs/keys.md gives the same for $name",
    ({ value, key }) => {
      const { id, version } = identity;
      expect(referenceDigest(referenceCall(id, version, [rebuild(value)]))).toBe(key);
    },
  );

  test.each(clonable)("a structured clone has the same key: $name", ({ value, key }) => {
    expect(keyOf(structuredClone(rebuild(value)))).toBe(key);
  });
});

describe("the build", () => {
  const golden = [...values, ...calls].map(({ key }) => key);
  let dist: string;
  beforeAll(() => {
    dist = buildModules("keys");
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

  test("has the same keys in a worker that the values are sent to", async () => {
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      const { callKey, keyHex } = require(workerData.module);
      const { identity, sent } = workerData;
      parentPort.postMessage(sent.map((value) => keyHex(callKey(identity, [value]))));`;
    const sent = clonable.map(({ value }) => rebuild(value));
    const workerData = { module: `${dist}/cache/key.js`, identity, sent };
    const worker = new Worker(code, { eval: true, workerData });
    const [keys] = await once(worker, "message");
    await worker.terminate();
    expect(keys).toEqual(clonable.map(({ key }) => key));
    expect(sent.length).toBeGreaterThan(100);
  });

  test("can be required", () => {
    const code = `const { callKey } = require(${JSON.stringify(`${dist}/cache/key.js`)});
      console.log(callKey({ id: "f", version: "v:1", slug: "f" }, [1]).length)`;
    const args = ["--no-warnings", "--input-type=commonjs", "-e", code];
    expect(execFileSync(process.execPath, args, { encoding: "utf8" }).trim()).toBe("16");
  });
});

test("the example in docs/keys.md is true", () => {
  const [, key] = /digested to `([0-9a-f]{32})`:/.exec(page) ?? [];
  const [, listing = ""] = /^Example: .*?```\n(.*?)```/ms.exec(page) ?? [];
  const bytes = listing.split("\n").map((line) => line.slice(0, 41).replaceAll(" ", ""));
  expect(referenceDigest(Buffer.from(bytes.join(""), "hex"))).toBe(key);
  expect(keyHex(callKey({ id: "f", version: "v:1", slug: "f" }, [1, "a"]))).toBe(key);
});
