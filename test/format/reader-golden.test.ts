// The reference's corpus through the reader: the same bytes, the same refusals.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BloscpackError } from "../../src/errors.ts";
import { open, openSync } from "../../src/store/file-reader.ts";

interface Golden {
  readonly file: string;
  readonly base?: string;
  readonly read_as?: "bytes" | "nd";
  readonly strict?: { readonly code: string | null; readonly alternatives?: readonly string[] };
  readonly plain?: { readonly size: number; readonly sha256: string };
}

const folder = new URL("../fixtures/golden/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("MANIFEST.json", folder), "utf8")) as {
  readonly files: readonly Golden[];
};
const url = (file: string) => new URL(file, folder);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const plainOf = (name: string | undefined) =>
  manifest.files.find(({ file }) => file === name)?.plain?.sha256;

/** A file with the plain bytes of a base that is not in the corpus itself. */
const STAND_INS: { readonly [base: string]: string } = {
  "app-5.blp": "app-0.blp",
  "checksum-none.blp": "app-0.blp",
  "nd-2d-C.blp": "bad/nd-container.blp",
};

const good = manifest.files.filter(({ file }) => !/^(bad|edge)\//.test(file));
const bad = manifest.files.filter(({ file }) => file.startsWith("bad/"));
const edge = manifest.files.filter(({ file }) => file.startsWith("edge/"));

async function gather(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe.each(good)("$file", ({ file, plain }) => {
  it("has the right bytes, whole, by chunks, from files and memory", async () => {
    const reader = openSync(url(file), { as: "bytes" });
    expect(reader.nbytes).toBe(plain?.size);
    expect(sha256(reader.slice() as Uint8Array)).toBe(plain?.sha256);
    expect(sha256(await gather(reader.chunks()))).toBe(plain?.sha256);
    reader.close();
    const other = await open(new Uint8Array(readFileSync(url(file))), { as: "bytes" });
    expect(sha256(await gather(other.chunks()))).toBe(plain?.sha256);
  });

  it("is without fault, and a lenient reader has nothing to forgive but trailing bytes", async () => {
    for (const strict of [true, false]) {
      const reader = await open(url(file), { strict });
      const report = await reader.verify();
      expect(report.faults).toEqual([]);
      expect(report.nbytes).toBe(plain?.size);
      for (const warning of reader.warnings) expect(warning).toMatch(/bytes follow the last chunk/);
      await reader.close();
    }
  });
});

describe("unusual files", () => {
  it.each(edge.filter(({ file }) => file !== "edge/offsets-permuted.blp"))(
    "$file",
    ({ file, base }) => {
      const reader = openSync(url(file), { as: "bytes" });
      expect(sha256(reader.slice() as Uint8Array)).toBe(plainOf(base));
      reader.close();
    },
  );

  it("reads chunks in the table's order when it need not be strict", () => {
    const file = url("edge/offsets-permuted.blp");
    expect(() => openSync(file)).toThrow(expect.objectContaining({ code: "OFFSET_ORDER" }));
    const told: string[] = [];
    const reader = openSync(file, { strict: false, onWarning: (warning) => told.push(warning) });
    const whole = reader.slice() as Uint8Array;
    expect(sha256(whole)).toBe(plainOf("app-0.blp"));
    expect(told).toEqual(reader.warnings);
    expect(told).toEqual([expect.stringMatching(/^OFFSET_ORDER/)]);
    for (const [start, stop] of [
      [0, 1],
      [999, 1001],
      [1500, 2999],
    ]) {
      expect(reader.slice(start, stop)).toEqual(whole.slice(start, stop));
    }
    expect(reader.verify()).toMatchObject({ faults: [], warnings: told, nbytes: 3000 });
    reader.close();
  });
});

describe("damaged files", () => {
  it.each(bad)("$file", ({ file, read_as, strict }) => {
    let error: unknown;
    try {
      openSync(url(file), { as: read_as === "nd" ? "array" : "bytes" }).slice();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BloscpackError);
    expect([strict?.code, ...(strict?.alternatives ?? [])]).toContain(
      (error as BloscpackError).code,
    );
  });

  it.each(bad)("$file: what a lenient reader gives, it has verified", ({ file, base }) => {
    try {
      const reader = openSync(url(file), { strict: false, as: "bytes" });
      const bytes = reader.slice() as Uint8Array;
      // The file that has no digests cannot be told from a good one.
      if (file === "bad/chunk-body-flip-no-checksum.blp") return;
      const like = STAND_INS[base as string] ?? (base as string);
      const whole = openSync(url(like), { as: "bytes" }).slice() as Uint8Array;
      expect(Buffer.compare(bytes, whole.subarray(0, bytes.byteLength))).toBe(0);
      if (bytes.byteLength < whole.byteLength) {
        expect(reader.warnings.join()).toMatch(/TRUNCATED|follow the last chunk/);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(BloscpackError);
    }
  });
});
