// What can be a result can be an argument, cycles included.
import { describe, expect, test } from "vitest";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { samples } from "./result-samples.mjs";

const identity = { id: "kinds", version: "v:1", slug: "kinds" };
const keysOf = () => samples().map(([, value]) => keyHex(callKey(identity, [value])));

describe("an argument of every kind", () => {
  const again = keysOf();

  test.each(keysOf().map((key, n) => [samples()[n]?.[0], key, n] as const))(
    "%s",
    (_name, key, n) => {
      expect(key).toMatch(/^[0-9a-f]{32}$/);
      expect(again[n]).toBe(key);
    },
  );

  test("has a key of its own, except that a Buffer counts as its bytes", () => {
    const same = new Set(again.filter((key, n) => again.indexOf(key) !== n));
    const names = samples().filter((_, n) => same.has(again[n] as string));
    expect(names.map(([name]) => name)).toEqual(["Uint8Array of 0 bytes", "Buffer of 0 bytes"]);
  });
});
