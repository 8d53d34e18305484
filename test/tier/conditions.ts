/** What a bucket does with puts that depend on what is there. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { type Bucket, type PutOutcome, readBody } from "../../src/tier/bucket.ts";

/** Of a kind of bucket, once it is made. */
export interface Subject {
  bucket(): Bucket;
  open(): Bucket;
  missing(): Bucket;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export async function read(bucket: Bucket, name: string): Promise<string | undefined> {
  const object = await bucket.get(name);
  return object && new TextDecoder().decode(await readBody(object));
}

const WRITERS = 24;

export function testConditions({ bucket, open }: Subject): void {
  const winners = async (
    name: string,
    put: (one: Bucket, token: string) => Promise<PutOutcome>,
  ) => {
    const tokens = Array.from({ length: WRITERS }, () => randomUUID());
    const outcomes = await Promise.all(tokens.map((token) => put(open(), token)));
    const stored = await read(bucket(), name);
    const written = tokens.filter((_, i) => outcomes[i]?.outcome === "written");
    // Who is not told may have written all the same: it is for them to read it back.
    expect(tokens).toContain(stored);
    expect(written.filter((token) => token !== stored)).toEqual([]);
    const others = outcomes.filter(({ outcome }) => outcome !== "written");
    expect(others.every(({ outcome }) => outcome === "refused" || outcome === "unknown")).toBe(
      true,
    );
    return written.length;
  };

  test("let one of many create an object", async () => {
    for (let round = 0; round < 5; round++) {
      const name = `create/${round}`;
      await winners(name, (one, token) => one.put(name, text(token), { condition: "absent" }));
    }
  });

  test("let one of many replace an object", async () => {
    await bucket().put("replace", text("first"));
    for (let round = 0; round < 5; round++) {
      const { etag } = (await bucket().head("replace")) ?? { etag: "" };
      const condition = { etag };
      await winners("replace", (one, token) => one.put("replace", text(token), { condition }));
    }
  });

  test("tell what is there and what is not, one after the other", async () => {
    const put = (value: string, condition: "absent" | { etag: string }, metadata = {}) =>
      bucket().put("turns", text(value), { condition, metadata });
    const first = await put("1", "absent", { n: "1" });
    expect(await put("x", "absent")).toEqual({ outcome: "refused" });
    const second = await put("2", { etag: etagOf(first) }, { n: "2" });
    expect(await put("x", { etag: etagOf(first) })).toEqual({ outcome: "refused" });
    expect(await bucket().head("turns")).toMatchObject({
      etag: etagOf(second),
      metadata: { n: "2" },
    });
    const third = await put("3", { etag: etagOf(second) });
    expect(await read(bucket(), "turns")).toBe("3");
    const found = await bucket().get("turns", { etag: etagOf(third) });
    expect(found && (await readBody(found))).toEqual(text("3"));
    await bucket().delete(["turns"]);
    expect(await put("x", { etag: etagOf(third) })).toEqual({ outcome: "refused" });
    expect((await put("4", "absent")).outcome).toBe("written");
  });
}

function etagOf(put: PutOutcome): string {
  if (put.outcome !== "written") throw new Error(`The put was ${put.outcome}`);
  return put.etag;
}

export function testNoConditions({ bucket }: Subject): void {
  test("are said not to be there, and nothing is written", async () => {
    await bucket().put("there", text("there"));
    const { etag } = (await bucket().head("there")) ?? { etag: "" };
    const absent = await bucket().put("new", text("x"), { condition: "absent" });
    expect(absent).toEqual({ outcome: "unsupported" });
    const replaced = await bucket().put("there", text("x"), { condition: { etag } });
    expect(replaced).toEqual({ outcome: "unsupported" });
    expect(await read(bucket(), "there")).toBe("there");
    expect(await bucket().head("new")).toBeUndefined();
  });
}
