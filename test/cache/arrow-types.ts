import * as arrow from "apache-arrow";
import fc from "fast-check";

/** Types, with what a vector of each is made from. */
export const arrowTypes: [string, () => arrow.DataType, fc.Arbitrary<unknown>][] = [
  ["Int16", () => new arrow.Int16(), fc.integer({ min: -32768, max: 32767 })],
  ["Int64", () => new arrow.Int64(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["Float64", () => new arrow.Float64(), fc.double()],
  ["Bool", () => new arrow.Bool(), fc.boolean()],
  ["Utf8", () => new arrow.Utf8(), fc.string()],
  ["Binary", () => new arrow.Binary(), fc.uint8Array({ maxLength: 5 })],
  ["Date", () => new arrow.DateDay(), fc.date({ noInvalidDate: true })],
  [
    "FixedSizeBinary",
    () => new arrow.FixedSizeBinary(3),
    fc.uint8Array({ minLength: 3, maxLength: 3 }),
  ],
  ["Decimal", () => new arrow.Decimal(2, 10, 128), fc.uint32Array({ minLength: 4, maxLength: 4 })],
  [
    "List",
    () => new arrow.List(new arrow.Field("item", new arrow.Utf8(), true)),
    fc.array(fc.option(fc.string())),
  ],
  [
    "FixedSizeList",
    () => new arrow.FixedSizeList(2, new arrow.Field("item", new arrow.Int8(), true)),
    fc.tuple(fc.constant(1), fc.option(fc.integer({ min: 0, max: 9 }))),
  ],
  [
    "Struct",
    () =>
      new arrow.Struct([
        new arrow.Field("a", new arrow.Utf8(), true),
        new arrow.Field("b", new arrow.Bool(), true),
      ]),
    fc.record({ a: fc.option(fc.string()), b: fc.option(fc.boolean()) }),
  ],
  [
    "Dictionary",
    () => new arrow.Dictionary(new arrow.Utf8(), new arrow.Int16()),
    fc.constantFrom("a", "b", ""),
  ],
];
