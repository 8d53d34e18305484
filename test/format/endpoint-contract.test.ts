// Endpoints that do not keep to their contract.
import { BytesSink, PiecesSource, pack, type Source, unpack } from "bloscache/format";
import { describe, expect, it } from "vitest";

describe("a source that returns what is no number of bytes", () => {
  const answers: [unknown, unknown][] = [
    [-1, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    [undefined, TypeError],
    ["7", TypeError],
    [7n, TypeError],
  ];

  it.each(answers)("%s", async (answer, type) => {
    const source = () => ({ read: () => answer }) as unknown as Source;
    await expect(pack(source(), new BytesSink())).rejects.toThrow(type as typeof Error);
    await expect(unpack(source(), new BytesSink())).rejects.toThrow(type as typeof Error);
    await expect(unpack(source(), new BytesSink())).rejects.toThrow(/read must return a number/);
  });

  it("more than there is room for", async () => {
    const read = (target: Uint8Array) => target.byteLength + 100;
    await expect(pack({ read }, new BytesSink())).rejects.toThrow(/from 0 to \d+: got/);
    await expect(unpack({ read }, new BytesSink())).rejects.toThrow(/from 0 to \d+: got/);
  });
});

it("a source that announces less than it gives", async () => {
  for (const size of [0, 50]) {
    const packing = pack(new PiecesSource([new Uint8Array(100)], size), new BytesSink());
    await expect(packing).rejects.toThrow(`The source announced ${size} bytes, the source gave`);
  }
  const empty = pack(new PiecesSource([], 0), new BytesSink());
  await expect(empty).resolves.toMatchObject({ nbytes: 0, nchunks: 1 });
});
