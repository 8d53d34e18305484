// The text of metadata, with the tokens that Python adds to JSON.
import { type Metadata, packBytes, unpackBytes } from "bloscache/format";
import { describe, expect, it } from "vitest";

const nothing = new Uint8Array();

/** A file whose metadata is this text, whatever it is. */
function fileWith(text: string): Uint8Array {
  const value = "x".repeat(text.length - 2);
  const args = { metaCodec: "None", metaChecksum: "None" } as const;
  const file = packBytes(nothing, { metadata: value, metadataArgs: args, checksum: "None" });
  file.set(Buffer.from(text, "latin1"), 64);
  return file;
}

const read = (text: string) => unpackBytes(fileWith(text)).metadata;

describe("tokens", () => {
  it("are numbers where values stand", () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(read("[NaN,Infinity , -Infinity]")).toEqual([nan, inf, -inf]);
    expect(read('{"NaN":NaN ,"b" : {"Infinity":-Infinity}}')).toEqual({
      NaN: nan,
      b: { Infinity: -inf },
    });
    expect(read('[NaN,"NaN","\\\\",NaN,"\\"NaN"]')).toEqual([nan, "NaN", "\\", nan, '"NaN']);
  });

  it.each([
    "{NaN:1}",
    '{"a":1,NaN : NaN}',
    "{-Infinity\n:1}",
    "{NaN}",
    "1NaN",
    "NaNNaN",
    "--Infinity",
    '["NaN]',
    '"NaN" NaN',
    "[NaN:1]",
  ])("are refused in %s", (text) => {
    expect(() => read(text)).toThrow(/METADATA_JSON/);
  });
});

it("a long string beside a token is read again", () => {
  const text = 'a"\\'.repeat(7_000_000);
  const { metadata } = unpackBytes(packBytes(nothing, { metadata: [Number.NaN, text] }));
  expect((metadata as Metadata[])[0]).toBeNaN();
  expect((metadata as Metadata[])[1] === text).toBe(true);
});

it("text that would not be read again is not written", () => {
  const metadata = "x".repeat(256 * 1024 * 1024 - 1);
  expect(() => packBytes(nothing, { metadata })).toThrow(
    /^Option metadata takes 268435457 bytes as JSON: at most 268435456/,
  );
});
