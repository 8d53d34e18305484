/** The options of a Memory as plain data, for other threads and processes. */
import { sep } from "node:path";
import { pathToFileURL } from "node:url";
import { Memory } from "bloscache";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

it("make the same cache, and can be cloned and written as JSON", () => {
  const folder = temporaryFolder();
  const memory = new Memory({
    location: pathToFileURL(folder + sep),
    cname: "zstd",
    waitMs: 5,
    onEvent: () => undefined,
    adapters: [],
  });
  expect(memory.options).toEqual({ location: folder, cname: "zstd", waitMs: 5 });
  for (const options of [
    structuredClone(memory.options),
    JSON.parse(JSON.stringify(memory.options)),
  ]) {
    expect(new Memory(options).location).toBe(folder);
  }
  expect(new Memory(folder).options).toEqual({ location: folder });
});

it("of a disabled cache make another", () => {
  expect(new Memory(new Memory(null).options).location).toBeNull();
});
