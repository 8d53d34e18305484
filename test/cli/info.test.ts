import fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk } from "./blpk.ts";

const golden = join(import.meta.dirname, "../fixtures/golden");
let cwd: string;

beforeAll(() => {
  cwd = temporaryFolder();
});

describe("info", () => {
  test("prints header, offsets, metadata and the first chunk in the reference's words", () => {
    const { status, stdout, stderr } = blpk(golden, ["info", "hex-2-meta-two-chunks.blp"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.replaceAll(/^blpk: /gm, "")).toMatchInlineSnapshot(`
      "BloscpackHeader:
          format_version: 3
          offsets: True
          metadata: True
          checksum: 'crc32'
          typesize: 1
          chunk_size: 5.0B (5B)
          last_chunk: 2.0B (2B)
          nchunks: 2
          max_app_chunks: 1
      'offsets':
      [104,129,...]
      Metadata:
      {"a":1}
      MetadataHeader:
          magic_format: b'JSON'
          meta_options: '00000000'
          meta_checksum: 'adler32'
          meta_codec: 'None'
          meta_level: 6
          meta_size: 7.0B (7B)
          max_meta_size: 12.0B (12B)
          meta_comp_size: 7.0B (7B)
          user_codec: b''
      First chunk blosc header:
          version: 2
          versionlz: 1
          flags: 19
          typesize: 1
          nbytes: 5
          blocksize: 5
          cbytes: 21
      First chunk blosc flags:
          byte_shuffle: True
          pure_memcpy: True
          bit_shuffle: False
          split_blocks: False
          codec: 'blosclz'
      Sizes:
          stored: 151.0B (151B)
          plain: 7.0B (7B)
          ratio: 0.046358
      "
    `);
  });

  test("--json gives all of it to programs", () => {
    const { stdout } = blpk(golden, ["i", "--json", "nd-3d-F.blp"]);
    expect(JSON.parse(stdout)).toMatchObject({
      file: "nd-3d-F.blp",
      header: { formatVersion: 3, nchunks: 1 },
      metadata: { container: "numpy", order: "F" },
      metadataHeader: { metaCodec: "zlib", magicFormat: "JSON" },
    });
    expect(stdout.split("\n")).toHaveLength(2);
  });

  test("of a file whose size is not stated says so", () => {
    const { status, stdout } = blpk(golden, ["i", "edge/stream-nchunks-unknown.blp"]);
    expect(status).toBe(0);
    expect(stdout).toContain("nchunks: -1");
    expect(stdout).toContain("plain: unknown");
  });

  test("of anything else is an error", () => {
    const { status, stdout, stderr } = blpk(golden, ["i", "MANIFEST.json"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^blpk: error: 'MANIFEST.json': BAD_MAGIC in header/);
  });
});

describe("verify", () => {
  const files = fs.readdirSync(golden).filter((file) => file.endsWith(".blp"));

  test("passes every good file, in one run", () => {
    const { status, stdout, stderr } = blpk(golden, ["verify", "--json", ...files]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const reports = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(reports.map(({ file }) => file)).toEqual(files);
    expect(reports.filter(({ ok, faults }) => !ok || faults.length > 0)).toEqual([]);
  });

  test("tells every fault of a file, and goes on with the next", () => {
    const stored = fs.readFileSync(join(golden, "many-chunks.blp"));
    const { offsets } = JSON.parse(blpk(golden, ["i", "--json", "many-chunks.blp"]).stdout);
    for (const chunk of [1, 3]) {
      const at = offsets[chunk] + 16;
      stored.writeUInt8(stored.readUInt8(at) ^ 1, at);
    }
    fs.writeFileSync(join(cwd, "bad.blp"), stored);
    const bad = join(cwd, "bad.blp");

    const text = blpk(golden, ["verify", bad, "bare.blp"]);
    expect(text.status).toBe(1);
    expect(
      text.stderr.split("\n").map((line) => /CHUNK_CHECKSUM in chunk \d+/.exec(line)?.[0]),
    ).toEqual(["CHUNK_CHECKSUM in chunk 1", "CHUNK_CHECKSUM in chunk 3", undefined]);
    expect(text.stdout).toMatch(/^blpk: bare.blp: OK/m);

    const json = blpk(golden, ["verify", "--json", bad]);
    expect(json).toMatchObject({ status: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      faults: [
        { code: "CHUNK_CHECKSUM", chunk: 1, offset: offsets[1] },
        { code: "CHUNK_CHECKSUM", chunk: 3, offset: offsets[3] },
      ],
    });
  });

  test("has a verdict for every name, whatever is there", () => {
    const names = ["bare.blp", "nope", ".", "bare.blp"];
    const text = blpk(golden, ["verify", ...names]);
    expect(text.stderr).toBe(
      [
        "blpk: error: 'nope': no such file or directory\n",
        "blpk: error: '.': illegal operation on a directory\n",
      ].join(""),
    );
    expect(text.stdout.match(/bare.blp: OK/g)).toHaveLength(2);
    const json = blpk(golden, ["verify", "--json", ...names]);
    expect([text.status, json.status, json.stderr]).toEqual([1, 1, ""]);
    const reports = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(reports.map(({ file, ok, faults }) => [file, ok, faults[0]?.code])).toEqual([
      ["bare.blp", true, undefined],
      ["nope", false, "ENOENT"],
      [".", false, "EISDIR"],
      ["bare.blp", true, undefined],
    ]);
  });

  test("reads from a pipe as well", () => {
    const good = fs.readFileSync(join(golden, "many-chunks.blp"));
    expect(blpk(cwd, ["verify", "-"], { input: good }).status).toBe(0);
    const cut = blpk(cwd, ["verify", "--json", "-"], { input: good.subarray(0, -1) });
    expect(cut.status).toBe(1);
    expect(JSON.parse(cut.stdout)).toMatchObject({ ok: false, faults: [{ code: "TRUNCATED" }] });
  });
});
