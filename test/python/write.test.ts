import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packNdarrayToFile, packNdarrayToFileSync } from "../../src/format.ts";
import { arrayOf, describeCase } from "./arrays.ts";
import { type Case, cases, longCases, nameOf } from "./cases.ts";
import { askReference, hasReference } from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bloscache-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, one: Case): Promise<void> | undefined {
  const { dtype, shape, order, ...options } = one;
  const array = arrayOf(one);
  if (path.endsWith("async.blp")) return packNdarrayToFile(path, array, options);
  packNdarrayToFileSync(path, array, options);
  return undefined;
}

const files = [...cases, ...longCases].map(
  (one, index): [name: string, one: Case, path: string] => [
    nameOf(one),
    one,
    join(folder, `${index}.${index % 2 === 0 ? "" : "async."}blp`),
  ],
);

describe.skipIf(!hasReference)("files written here are read by the Python reference", () => {
  const answers = new Map<string, unknown>();
  beforeAll(async () => {
    for (const [, one, path] of files) await write(path, one);
    const read = askReference(files.map(([, , path]) => ({ do: "unpack", path })));
    files.forEach(([, , path], index) => {
      answers.set(path, read[index]);
    });
  });

  test.each(files)("%s", (_name, one, path) => {
    expect(answers.get(path)).toEqual(describeCase(one));
  });
});
