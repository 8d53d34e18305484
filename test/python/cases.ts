/** The arrays and options that both directions of the exchange with Python are tested with. */
import type { Order } from "../../src/format.ts";

export interface Case {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
  readonly cname: "blosclz" | "lz4" | "lz4hc" | "zlib" | "zstd";
  readonly clevel: number;
  readonly shuffle: "noshuffle" | "shuffle" | "bitshuffle";
  readonly chunkSize: number | string;
  readonly checksum: (typeof checksums)[number];
  readonly offsets: boolean;
  readonly maxAppChunks?: number;
}

const base: Case = {
  dtype: "<f8",
  shape: [5000],
  order: "C",
  cname: "blosclz",
  clevel: 7,
  shuffle: "shuffle",
  chunkSize: "1M",
  checksum: "adler32",
  offsets: true,
};

/** Every dtype that a typed array holds, besides those only numpy has names for. */
export const dtypes = [
  ...["|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"],
  ...["|b1", "<f2", "<c8", "<c16", "<M8[ns]", "<m8[25s]", "<M8"],
];

/** Those that no typed array holds, with their itemsize: their bytes are exchanged as they are. */
export const itemsizes: { readonly [dtype: string]: number } = {
  "|S3": 3,
  "|V5": 5,
  "<U3": 12,
  ">U3": 12,
  "<f16": 16,
  "<c32": 32,
  "[('a', '<i4'), ('b', '>f8', (2, 3)), ('c', '|S2')]": 54,
  "[('a', [('x', '<M8[ns]'), ('y', [('z', '<U2')], (2,))]), (\"it's é\", '|b1')]": 25,
  "[(('A \"title\\\\', 'a'), '<i2'), ('b', '<f2', (4,))]": 10,
  "[('a', '|i1'), ('', '|V7'), ('b', '<f8')]": 16,
};

/** Items that the reference cannot write, as C-Blosc's typesize ends at 255, but reads. */
export const longItemsizes: { readonly [dtype: string]: number } = {
  "<U64": 256,
  "|S1000": 1000,
  "[('a', '<f8', (300,)), ('b', '<U100')]": 2800,
};

const shapes = [[], [0], [3, 0, 2], [1], [7], [1, 9], [4, 6], [2, 3, 5], [65, 3, 41]];
const orders = ["C", "F"] as const;
const cnames = ["blosclz", "lz4", "lz4hc", "zlib", "zstd"] as const;
const shuffles = ["noshuffle", "shuffle", "bitshuffle"] as const;
const checksums = [
  ...(["None", "adler32", "crc32", "md5", "sha1"] as const),
  ...(["sha224", "sha256", "sha384", "sha512"] as const),
];

/** Dimensions that bear on each other are combined in full; the others keep their base value. */
export const cases: readonly Case[] = [
  ...combine({ dtype: [...dtypes, ...Object.keys(itemsizes)], shape: shapes, order: orders }),
  ...combine({ cname: cnames, clevel: [0, 1, 5, 9], shuffle: shuffles }),
  ...combine({ checksum: checksums, offsets: [true, false], chunkSize: ["1M", 4096] }),
  ...combine({ checksum: checksums, offsets: [true, false], shape: [[0]] }),
  ...combine({ chunkSize: [8, 800, 39_992, 40_000, "16K", "2M"], dtype: ["<f8", "<u8"] }),
  ...combine({
    chunkSize: ["64K", "1M"],
    dtype: ["|u1", "<f4", "<c16"],
    shape: [[3, 100_001]],
    order: orders,
  }),
  ...combine({ maxAppChunks: [0, 3, 1000], chunkSize: ["1M", 4096] }),
];

export const longCases: readonly Case[] = Object.entries(longItemsizes).flatMap(
  ([dtype, itemsize]) =>
    combine({
      dtype: [dtype],
      chunkSize: [400 * itemsize],
      shape: [[], [0], [7], [5, 300]],
      order: orders,
      shuffle: ["shuffle", "bitshuffle"],
    }),
);

type Choices = { readonly [K in keyof Case]?: readonly Case[K][] };

function combine(choices: Choices): Case[] {
  return Object.entries(choices).reduce<Case[]>(
    (done, [field, values]) =>
      done.flatMap((one) => values.map((value) => ({ ...one, [field]: value }))),
    [base],
  );
}

/** Only what differs from the base, for the test's name. */
export function nameOf(one: Case): string {
  const told = Object.entries(one).filter(
    ([field, value]) => ["dtype", "shape"].includes(field) || value !== base[field as keyof Case],
  );
  return told.map(([field, value]) => `${field} ${JSON.stringify(value)}`).join(", ");
}
