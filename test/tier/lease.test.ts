import { expect, test } from "vitest";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { checkTtl } from "../../src/tier/lease.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { describeLeases } from "./lease-contract.ts";

describeLeases({
  name: "a lease in a folder",
  make: async () => {
    const place = temporaryFolder();
    return { open: () => new FolderBucket(place), place, env: {} };
  },
});

test("a lease lasts for five seconds at least", () => {
  expect(checkTtl(5_000)).toBe(5_000);
  for (const ttlMs of [4_999, 0, -1, 5_000.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    expect(() => checkTtl(ttlMs)).toThrow(RangeError);
  }
});
