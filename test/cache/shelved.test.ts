/** Results that stay on disk: handles of them. */
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { KeyError, Memory, Shelved, StoreError } from "bloscache";
import { describe, expect, expectTypeOf, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i);

/** Small results are in the index, large ones in files. */
describe.each([10, 500_000])("of %i elements", (length) => {
  it("a handle computes once, and reads when it is asked to", () => {
    let runs = 0;
    const memory = new Memory(temporaryFolder());
    const counted = (n: number) => {
      runs++;
      return ramp(n);
    };
    const fn = memory.memoize(counted, { id: "ramp" });
    const handle = fn.shelve(length);
    expect([handle.id, handle.key]).toEqual(["ramp", fn.keyOf(length)]);
    expectTypeOf(handle.get()).toEqualTypeOf<Float64Array<ArrayBuffer>>();
    expect(handle.get()).toEqual(ramp(length));
    expect(handle.get()).not.toBe(handle.get());
    expect(fn.shelve(length).get()).toEqual(ramp(length));
    expect(runs).toBe(1);
    expect(handle.info()).toEqual(fn.info(length));
    expect(handle.durationMs).toBe(fn.info(length)?.durationMs);
    expect(handle.slice(3, 6)).toEqual(Float64Array.of(3, 4, 5));
    expect(handle.slice(-2)).toEqual(Float64Array.of(length - 2, length - 1));
    expect(handle.clear()).toBe(true);
    expect(handle.clear()).toBe(false);
    expect(() => handle.get()).toThrow(StoreError);
    expect(() => handle.slice(1)).toThrow(StoreError);
    expect([handle.info(), handle.durationMs]).toEqual([undefined, undefined]);
  });

  it("of an asynchronous function, by promises", async () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize(async (n: number) => ramp(n), { id: "ramp" });
    const handle = await fn.shelve(length);
    const value = handle.get();
    expect(value).toBeInstanceOf(Promise);
    expect(await value).toEqual(ramp(length));
    expect(await handle.slice(3, 6)).toEqual(Float64Array.of(3, 4, 5));
    expect(await (await fn.shelve(length)).get()).toEqual(ramp(length));
    handle.clear();
    await expect(handle.get()).rejects.toThrow(StoreError);
    const later = memory.memoize((n: number) => Promise.resolve(ramp(n)), { id: "later" });
    expect(await (await later.shelve(length)).get()).toEqual(ramp(length));
    expect(await (await later.shelve(length)).slice(0, 1)).toEqual(Float64Array.of(0));
  });

  it("is read part by part", async () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize((n: number) => ramp(n), { id: "ramp" });
    const parts = [...fn.shelve(length).chunks()];
    expectTypeOf(parts).toEqualTypeOf<Float64Array<ArrayBuffer>[]>();
    expect(parts.length).toBe(length > 100 ? 4 : 1);
    expect(Float64Array.from(parts.flatMap((part) => [...part]))).toEqual(ramp(length));
    const later = memory.memoize(async (n: number) => ramp(n), { id: "later" });
    const sums: number[] = [];
    for await (const part of (await later.shelve(length)).chunks()) sums.push(part.length);
    expect(sums).toEqual(parts.map((part) => part.length));
    const handle = fn.shelve(length);
    const left = handle.chunks();
    left.next();
    expect(left.return()).toEqual({ done: true, value: undefined });
    handle.clear();
    expect(() => handle.chunks().next()).toThrow(StoreError);
    expect([...fn.shelve(0).chunks()]).toEqual([]);
  });

  it("goes to another process as JSON", async () => {
    const folder = temporaryFolder();
    const memory = new Memory(folder);
    const handle = memory.memoize((n: number) => ramp(n), { id: "ramp" }).shelve(length);
    const sum = await inChild<number>(`
      import { Memory } from "bloscache";
      const memory = new Memory(${JSON.stringify(folder)});
      const handle = memory.unshelve(JSON.parse(${JSON.stringify(JSON.stringify(handle))}));
      console.log(handle.get().reduce((a, b) => a + b) + handle.slice(1, 3).length);`);
    expect(sum).toBe((length * (length - 1)) / 2 + 2);
    expect(memory.unshelve(JSON.parse(JSON.stringify(handle)))).toBeInstanceOf(Shelved);
  });

  it("is an argument that counts by its key, and is not loaded for that", () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize((n: number) => ramp(n), { id: "ramp" });
    let runs = 0;
    const sum = memory.memoize(
      (handle: Shelved<Float64Array>) => {
        runs++;
        return handle.get().reduce((a, b) => a + b);
      },
      { id: "sum" },
    );
    const [one, same, other] = [fn.shelve(length), fn.shelve(length), fn.shelve(length + 1)];
    expect(sum(one)).toBe(sum(same));
    expect(runs).toBe(1);
    one.clear();
    expect(sum(one)).toBe((length * (length - 1)) / 2);
    expect(sum(other)).not.toBe(sum(one));
    expect(runs).toBe(2);
  });
});

describe("a handle", () => {
  it("keeps what could not be stored", async () => {
    const disabled = new Memory(null).memoize((n: number) => ramp(n), { id: "ramp" });
    expect(disabled.shelve(3).get()).toEqual(ramp(3));
    expect(disabled.shelve(3).slice(1)).toEqual(Float64Array.of(1, 2));
    const declined = new Memory(temporaryFolder()).memoize(async (n: number) => ramp(n), {
      id: "ramp",
      shouldCache: () => false,
    });
    expect(await (await declined.shelve(3)).get()).toEqual(ramp(3));
  });

  it("is of the new result, also when that is not stored beside an old one", async () => {
    let [value, keep] = ["old", true];
    const fn = new Memory(temporaryFolder()).memoize((_x: number) => value, {
      id: "value",
      ttlMs: 0,
      shouldCache: () => keep,
    });
    fn(1);
    await sleep(5);
    [value, keep] = ["new", false];
    expect(fn.shelve(1).get()).toBe("new");
  });

  it("reads no part of a file that is not its own, and none of a file that is damaged", () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize((n: number) => new Float64Array(50_000).fill(n), { id: "fill" });
    const [three, four] = [fn.shelve(3), fn.shelve(4)];
    const fileOf = (handle: { info(): { files: readonly string[] } | undefined }) =>
      handle.info()?.files[0] as string;
    copyFileSync(fileOf(four), fileOf(three));
    expect(() => three.slice(0, 1)).toThrow(StoreError);
    expect(fn.has(3)).toBe(false);
    expect(fn.shelve(3).slice(0, 1)).toEqual(Float64Array.of(3));
    truncateSync(fileOf(four), 3000);
    expect(() => four.slice(40_000)).toThrow(StoreError);
    rmSync(fileOf(fn.shelve(4)));
    expect(() => fn.shelve(4).slice(1)).toThrow(StoreError);
    expect(fn.shelve(4).slice(0, 1)).toEqual(Float64Array.of(4));
  });

  it("tells of damage where it is, and reads on what is removed meanwhile", async () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize(async (n: number) => ramp(n), { id: "ramp" });
    const handle = await fn.shelve(500_000);
    const removed = handle.chunks();
    await removed.next();
    handle.clear();
    let rest = 0;
    for await (const part of removed) rest += part.length;
    expect(rest).toBe(500_000 - 131_072);
    const path = (await fn.shelve(500_000)).info()?.files[0] as string;
    const bytes = readFileSync(path);
    bytes.writeUInt8((bytes.at(-100) as number) ^ 1, bytes.length - 100);
    writeFileSync(path, bytes);
    const read: number[] = [];
    const damaged = async () => {
      for await (const part of handle.chunks()) read.push(part.length);
    };
    await expect(damaged()).rejects.toThrow(StoreError);
    expect(read.length).toBe(3);
    expect(fn.has(500_000)).toBe(false);
  });

  it("has parts of one array only, of whatever kind", () => {
    const memory = new Memory(temporaryFolder());
    const kinds = [Uint8ClampedArray, Int16Array, BigInt64Array, Float32Array];
    for (const Kind of kinds) {
      const fn = memory.memoize((n: number) => new Kind(n), { id: Kind.name });
      for (const n of [4, 100_000]) expect(fn.shelve(n).slice(1, 3)).toEqual(new Kind(2));
      for (const part of fn.shelve(500_000).chunks()) expect(part).toBeInstanceOf(Kind);
    }
    const buffers = memory.memoize((n: number) => Buffer.alloc(n, 7), { id: "buffers" });
    expect(Buffer.isBuffer(buffers.shelve(100_000).slice(1, 3))).toBe(true);
    const object = memory.memoize((n: number) => ({ a: ramp(n) }), { id: "object" });
    for (const n of [4, 100_000]) expect(() => object.shelve(n).slice()).toThrow(/one typed array/);
    const text = memory.memoize((n: number) => "x".repeat(n), { id: "text" });
    const buffer = memory.memoize((n: number) => new ArrayBuffer(n), { id: "buffer" });
    for (const handle of [object.shelve(4), text.shelve(100_000), buffer.shelve(100_000)]) {
      expect(() => handle.chunks().next()).toThrow(/one typed array/);
      expect(() => handle.slice(0, 1)).toThrow(/one typed array/);
    }
  });

  it("is refused where a call is, and made of nothing but its own JSON", () => {
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize((n: unknown) => [n], { id: "list" });
    expect(() => fn.shelve(() => 1)).toThrow(KeyError);
    const token = fn.shelve(1).toJSON();
    for (const wrong of [null, {}, { ...token, row: "00" }, { ...token, isAsync: 1 }, "x"]) {
      expect(() => memory.unshelve(wrong as never)).toThrow(TypeError);
    }
  });
});
