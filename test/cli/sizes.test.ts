import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exactSize, parseSize, prettySize } from "../../src/cli/sizes.ts";

interface Vectors {
  readonly pretty_size: { in: number; short: string; double: string }[];
  readonly reverse_pretty: { in: string; result?: number; error?: string }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/golden/VECTORS.json"), "utf8"),
);

describe("sizes are the reference's", () => {
  test.each(vectors.pretty_size)("$in is $short", ({ in: nbytes, short, double }) => {
    expect(prettySize(nbytes)).toBe(short);
    expect(exactSize(nbytes)).toBe(double);
  });

  test.each(vectors.reverse_pretty)("$in is read as $result", ({ in: text, result }) => {
    expect(parseSize(text)).toBe(result);
  });

  test("ties go to the even digit", () => {
    expect(prettySize(1152)).toBe("1.12K"); // 1.125
    expect(prettySize(1408)).toBe("1.38K"); // 1.375
  });

  test("a size just below the next unit stays in its own", () => {
    expect(prettySize(1023)).toBe("1023.0B");
    expect(prettySize(1024 * 1024 - 1)).toBe("1024.0K");
  });
});
