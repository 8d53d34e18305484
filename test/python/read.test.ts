import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Ndarray,
  unpackNdarrayFromFile,
  unpackNdarrayFromFileSync,
} from "../../src/format.ts";
import { type Case, cases, dtypes, nameOf } from "./cases.ts";
import {
  askReference,
  type Description,
  hasReference,
  type PackRequest,
  sha256,
} from "./reference.ts";

const folder = mkdtempSync(join(tmpdir(), "bloscache-"));
afterAll(() => rmSync(folder, { recursive: true }));

const swapped = dtypes
  .filter((dtype) => dtype.startsWith("<"))
  .map((dtype): Case => ({ ...(cases[0] as Case), dtype: dtype.replace("<", ">"), shape: [4, 6] }));

const metadataArgs = [
  ...["None", "adler32", "crc32", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"].map(
    (meta_checksum) => ({ meta_checksum }),
  ),
  ...[1, 9].map((meta_level) => ({ meta_level })),
  ...[{ meta_codec: "None" }, { max_meta_size: 500 }],
];

const requests: [name: string, request: PackRequest][] = [
  ...[...cases, ...swapped].map((one): [string, Case, object] => [nameOf(one), one, {}]),
  ...metadataArgs.map((args): [string, Case, object] => [
    JSON.stringify(args),
    cases[0] as Case,
    args,
  ]),
].map(([name, one, metadata_args], index) => [
  name,
  {
    do: "pack",
    path: join(folder, `${index}.blp`),
    dtype: one.dtype,
    shape: one.shape,
    order: one.order,
    chunk_size: one.chunkSize,
    blosc_args: {
      cname: one.cname,
      clevel: one.clevel,
      shuffle: ["noshuffle", "shuffle", "bitshuffle"].indexOf(one.shuffle),
    },
    bloscpack_args: {
      checksum: one.checksum,
      offsets: one.offsets,
      ...(one.maxAppChunks === undefined ? {} : { max_app_chunks: one.maxAppChunks }),
    },
    metadata_args: { ...metadata_args },
  },
]);

function describeNdarray({ data, dtype, shape, order }: Ndarray): Description {
  return { dtype, shape, order, sha256: sha256(data) };
}

describe.skipIf(!hasReference)("files that the Python reference wrote are read", () => {
  const answers = new Map<string, unknown>();
  beforeAll(() => {
    const paths = requests.map(([, { path }]) => path);
    askReference(requests.map(([, request]) => request)).forEach((answer, index) => {
      answers.set(paths[index] as string, answer);
    });
  });

  test.each(requests)("%s", async (_name, { path }) => {
    const expected = answers.get(path);
    expect(describeNdarray(unpackNdarrayFromFileSync(path))).toEqual(expected);
    expect(describeNdarray(await unpackNdarrayFromFile(path))).toEqual(expected);
  });
});
