/**
 * The exchange with the Python reference, for random combinations of everything that a file has.
 * A failure prints the seed and the smallest case that fails.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  appendBytesSync,
  openSync,
  packBytes,
  packNdarrayToFileSync,
  unpackBytes,
  unpackNdarrayFromFileSync,
} from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { arrayOf, describeCase, itemsizeOf } from "./arrays.ts";
import { dtypes, itemsizes } from "./cases.ts";
import { hasReference, type PackArguments, Reference, ramp, sha256 } from "./reference.ts";

const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"] as const;
const CHECKSUMS = [
  ...(["None", "adler32", "crc32", "md5", "sha1"] as const),
  ...(["sha224", "sha256", "sha384", "sha512"] as const),
];

const bloscArgs = fc.record({
  cname: fc.constantFrom("blosclz", "lz4", "lz4hc", "zlib", "zstd"),
  clevel: fc.integer({ min: 0, max: 9 }),
  shuffle: fc.constantFrom(...SHUFFLES),
});
const bloscpackArgs = fc.record(
  { checksum: fc.constantFrom(...CHECKSUMS), offsets: fc.boolean(), maxAppChunks: fc.nat(200) },
  { requiredKeys: ["checksum", "offsets"] },
);
const metadataArgs = fc.record(
  {
    metaChecksum: fc.constantFrom(...CHECKSUMS),
    metaCodec: fc.constantFrom("None" as const, "zlib" as const),
    metaLevel: fc.integer({ min: 0, max: 9 }),
    maxMetaSize: fc.integer({ min: 5000, max: 9000 }),
  },
  { requiredKeys: [] },
);
/** Chunks of some items, or a size as people write it. */
const chunkItems = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom("4K", "0.5M", "1M"));

const arrayCases = fc
  .record({
    dtype: fc.constantFrom(...dtypes, ...Object.keys(itemsizes)),
    shape: fc.array(fc.integer({ min: 0, max: 14 }), { maxLength: 4 }),
    order: fc.constantFrom("C" as const, "F" as const),
    chunkItems,
    bloscArgs,
    bloscpackArgs,
    metadataArgs,
  })
  .map(({ chunkItems: items, ...rest }) => ({
    ...rest,
    chunkSize: typeof items === "number" ? items * itemsizeOf(rest.dtype) : items,
  }));

/** The reference takes only sizes that are whole items. */
const wholeArrayCases = arrayCases.filter(
  ({ chunkSize, dtype }) => typeof chunkSize === "number" || 4096 % itemsizeOf(dtype) === 0,
);

/** What JSON has, without `-0`, and what Python's JSON has beyond it. */
const metadataValues = fc.oneof(
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.constantFrom("NaN", '"NaN"', "\\", "-Infinity"),
  fc.array(fc.constantFrom(Number.NaN, "Infinity", 1)),
);

const byteCases = fc.record({
  n: fc.integer({ min: 0, max: 20_000 }),
  step: fc.integer({ min: 0, max: 250 }),
  typesize: fc.integer({ min: 1, max: 255 }),
  chunkItems,
  metadata: fc.option(
    fc.dictionary(fc.string({ unit: "binary", maxLength: 8 }), metadataValues, { maxKeys: 6 }),
    { nil: undefined },
  ),
  bloscArgs,
  bloscpackArgs,
  metadataArgs,
});

interface Arguments {
  readonly bloscArgs: typeof bloscArgs extends fc.Arbitrary<infer T> ? T : never;
  readonly bloscpackArgs: typeof bloscpackArgs extends fc.Arbitrary<infer T> ? T : never;
  readonly metadataArgs: typeof metadataArgs extends fc.Arbitrary<infer T> ? T : never;
}

/** The options of a case in the reference's words. */
function inPython(chunkSize: number | string, one: Arguments): PackArguments {
  const { shuffle, ...blosc } = one.bloscArgs;
  const { maxAppChunks, ...bloscpack } = one.bloscpackArgs;
  const { metaChecksum, metaCodec, metaLevel, maxMetaSize } = one.metadataArgs;
  return {
    chunk_size: chunkSize,
    blosc_args: { ...blosc, shuffle: SHUFFLES.indexOf(shuffle) },
    bloscpack_args: given({ ...bloscpack, max_app_chunks: maxAppChunks }),
    metadata_args: given({
      meta_checksum: metaChecksum,
      meta_codec: metaCodec,
      meta_level: metaLevel,
      max_meta_size: maxMetaSize,
    }),
  };
}

function given(args: object): { readonly [name: string]: unknown } {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

describe.skipIf(!hasReference)("random files", () => {
  let python: Reference;
  let path: string;
  beforeAll(() => {
    python = new Reference();
    path = join(temporaryFolder(), "random.blp");
  });
  afterAll(() => python.close());

  test("of arrays, written here and read there", { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(arrayCases, async (one) => {
        const { bloscArgs, bloscpackArgs, metadataArgs, chunkSize } = one;
        const options = { ...bloscArgs, ...bloscpackArgs, metadataArgs, chunkSize };
        packNdarrayToFileSync(path, arrayOf(one), options);
        expect(await python.ask({ do: "unpack", path })).toEqual(describeCase(one));
      }),
      { numRuns: 300 },
    ),
  );

  test("of arrays, written there and read here", { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(wholeArrayCases, async (one) => {
        const { dtype, shape, order } = one;
        const expected = await python.ask({
          do: "pack",
          path,
          ...{ dtype, shape, order, ...inPython(one.chunkSize, one) },
        });
        const read = unpackNdarrayFromFileSync(path);
        expect({ ...read, data: undefined, sha256: sha256(read.data) }).toMatchObject(
          expected as object,
        );
        const reader = openSync(path);
        expect(reader.verify()).toMatchObject({ faults: [] });
        reader.close();
      }),
      { numRuns: 300 },
    ),
  );

  test(
    "of bytes with metadata, written here and read there, and the other way round",
    {
      timeout: 120_000,
    },
    () =>
      fc.assert(
        fc.asyncProperty(byteCases, fc.boolean(), async (one, here) => {
          const { n, step, typesize, metadata } = one;
          const plain = ramp(n, step);
          const chunkSize =
            typeof one.chunkItems === "number" ? one.chunkItems * typesize : one.chunkItems;
          if (here) {
            const { bloscArgs, bloscpackArgs, metadataArgs } = one;
            const options = { ...bloscArgs, ...bloscpackArgs, metadataArgs, chunkSize, typesize };
            writeFileSync(path, packBytes(plain, given({ ...options, metadata })));
            const read = await python.ask({ do: "unpack_bytes", path });
            const answer = { nbytes: n, sha256: sha256(plain), metadata: metadata ?? null };
            expect(read).toEqual(answer);
          } else {
            const request = inPython(chunkSize, one);
            const blosc_args = { ...request.blosc_args, typesize };
            const bytes = { do: "pack_bytes", path, n, step, metadata: metadata ?? null } as const;
            expect(await python.ask({ ...bytes, ...request, blosc_args })).toBe(null);
            const read = unpackBytes(readFileSync(path));
            expect(Buffer.compare(read.bytes, plain)).toBe(0);
            expect(read.metadata).toEqual(metadata);
          }
        }),
        { numRuns: 300 },
      ),
  );

  const appends = fc.array(
    fc.record({
      here: fc.boolean(),
      n: fc.integer({ min: 0, max: 3000 }),
      step: fc.integer({ min: 0, max: 250 }),
    }),
    { minLength: 1, maxLength: 5 },
  );

  test("that are appended to there and here", { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        byteCases,
        fc.integer({ min: 1, max: 500 }),
        appends,
        async (one, k, steps) => {
          const { step, typesize } = one;
          const n = one.n + 1;
          const { bloscArgs, bloscpackArgs } = one;
          const chunkSize = k * typesize;
          let plain = ramp(n, step);
          // The reference appends only where the table has room, and not to a file without a byte.
          const room = { offsets: true, maxAppChunks: 20_000 };
          const options = { ...bloscArgs, ...bloscpackArgs, ...room, chunkSize, typesize };
          writeFileSync(path, packBytes(plain, options));
          for (const append of steps) {
            const bytes = ramp(append.n, append.step);
            if (append.here) appendBytesSync(path, bytes);
            else {
              const answer = await python.ask({ do: "append_bytes", path, ...append });
              expect(answer).toEqual(expect.any(Number));
            }
            plain = Buffer.concat([plain, bytes]);
          }
          const { bytes } = unpackBytes(readFileSync(path));
          expect(Buffer.compare(bytes, plain)).toBe(0);
          expect(await python.ask({ do: "unpack_bytes", path })).toMatchObject({
            nbytes: plain.byteLength,
            sha256: sha256(plain),
          });
        },
      ),
      { numRuns: 200 },
    ),
  );
});
