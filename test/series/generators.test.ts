import { join } from "node:path";
import { type CacheEvent, Memory } from "bloscache";
import { openSync } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { askReference, type Description, hasReference, sha256 } from "../python/reference.ts";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();
const fresh = () => new Memory(join(temporaryFolder(), "cache"));

/** Arrays of lengths that differ, 0 among them. */
const frame = (n: number) => Float32Array.from({ length: (n * 7919) % 3001 }, (_, i) => n + i / 4);

type Frames = (name: string, count: number) => Generator<Float32Array, string>;
type AsyncFrames = (name: string, count: number) => AsyncGenerator<Float32Array, string>;

/** Both kinds of generator, with how often each was run and how many frames it made. */
function kinds(memory: Memory) {
  const made = { runs: 0, frames: 0, closed: 0 };
  const sync = memory.memoize<Frames>(
    function* frames(_name, count) {
      made.runs++;
      try {
        for (let n = 0; n < count; n++) {
          made.frames++;
          yield frame(n);
        }
        return "the end";
      } finally {
        made.closed++;
      }
    },
    { id: "frames", version: 1 },
  );
  const later = memory.memoize<AsyncFrames>(
    async function* frames(_name, count) {
      made.runs++;
      try {
        for (let n = 0; n < count; n++) {
          made.frames++;
          yield frame(n);
        }
        return "the end";
      } finally {
        made.closed++;
      }
    },
    { id: "later", version: 1 },
  );
  return [
    { name: "synchronous", memoized: sync, made },
    { name: "asynchronous", memoized: later, made },
  ] as const;
}

/** Up to `count` yields; all of them, and what was returned, without. */
async function take(generator: ReturnType<Frames | AsyncFrames>, count = Number.POSITIVE_INFINITY) {
  const yields: Float32Array[] = [];
  while (yields.length < count) {
    const { done, value } = await generator.next();
    if (done === true) return { yields, returned: value };
    yields.push(value);
  }
  await generator.return("left");
  return { yields };
}

const framesUpTo = (count: number) => Array.from({ length: count }, (_, n) => frame(n));

describe.each([0, 1])("a memoized generator", (kind) => {
  const make = (memory = fresh()) => kinds(memory)[kind] as ReturnType<typeof kinds>[0];

  it("replays its yields one by one, and what it returned", async () => {
    const { memoized, made } = make();
    const whole = { yields: framesUpTo(40), returned: "the end" };
    expect(await take(memoized("a", 40))).toEqual(whole);
    const again = await take(memoized("a", 40));
    expect(again).toEqual(whole);
    again.yields[3]?.fill(0);
    expect(await take(memoized("a", 40))).toEqual(whole);
    expect(made).toEqual({ runs: 1, frames: 40, closed: 1 });
    expect(memoized.stats()).toMatchObject({ hits: 2, misses: { absent: 1 } });
    expect(memoized.name).toBe("frames");
  });

  it("goes on where it was left, and passes over what is stored", async () => {
    const { memoized, made } = make();
    expect(await take(memoized("a", 30), 12)).toEqual({ yields: framesUpTo(12) });
    expect(made).toEqual({ runs: 1, frames: 12, closed: 1 });
    expect(await take(memoized("a", 30), 5)).toEqual({ yields: framesUpTo(5) });
    expect(made.runs).toBe(1);
    expect(await take(memoized("a", 30))).toEqual({ yields: framesUpTo(30), returned: "the end" });
    expect(made).toEqual({ runs: 2, frames: 42, closed: 2 });
    expect(memoized.stats()).toMatchObject({ misses: { absent: 1, incomplete: 1 } });
  });

  it("is read by two at once, one of which stores", async () => {
    const { memoized } = make();
    const [first, second] = [memoized("a", 30), memoized("a", 30)];
    const [a, b] = [await take(first, 20), await take(second)];
    expect(a.yields).toEqual(framesUpTo(20));
    expect(b).toEqual({ yields: framesUpTo(30), returned: "the end" });
    const [third, fourth] = [memoized("b", 8), memoized("b", 8)];
    for (let n = 0; n < 8; n++) {
      expect((await third.next()).value).toEqual(frame(n));
      expect((await fourth.next()).value).toEqual(frame(n));
    }
    expect(await third.next()).toEqual({ done: true, value: "the end" });
    expect(await fourth.next()).toEqual({ done: true, value: "the end" });
    expect(await take(memoized("b", 8))).toEqual({ yields: framesUpTo(8), returned: "the end" });
  });

  it("is one file, which Python reads", async () => {
    const { memoized } = make();
    await take(memoized("a", 60));
    const all = Float32Array.from(framesUpTo(60).flatMap((part) => [...part]));
    const [path = ""] = memoized.info("a", 60)?.files ?? [];
    const reader = openSync(path, { as: "array" });
    expect([reader.dtype, reader.shape]).toEqual(["<f4", [all.length]]);
    reader.close();
    if (!hasReference) return;
    const [answer] = askReference([{ do: "unpack", path }]) as [Description];
    expect(answer.sha256).toBe(sha256(all));
  });

  it("is forgotten, while it runs as well", async () => {
    const { memoized, made } = make();
    await take(memoized("a", 3));
    expect(memoized.invalidate("a", 3)).toBe(true);
    expect(memoized.invalidate("a", 3)).toBe(false);
    await take(memoized("a", 3), 2);
    const running = memoized("a", 3);
    for (let n = 0; n < 2; n++) await running.next();
    expect(memoized.clear()).toBe(1);
    expect(await take(running)).toEqual({ yields: [frame(2)], returned: "the end" });
    expect(memoized.info("a", 3)).toBeUndefined();
    expect(made.runs).toBe(3);
    expect(await take(memoized("a", 3))).toMatchObject({ yields: framesUpTo(3) });
  });
});

it.each(kinds(new Memory(null)))("$name without a cache", async ({ memoized }) => {
  expect(await take(memoized("a", 2))).toEqual({ yields: framesUpTo(2), returned: "the end" });
});

describe("resume", () => {
  it("goes on behind what is stored, in another process", async () => {
    const location = join(temporaryFolder(), "cache");
    const source = (length: number) => `
      import { Memory } from "bloscache";
      const calls = [];
      function* steps(seed, from, x) {
        for (let n = from; n < 8; n++) {
          x = (x * 16807) % 2147483647;
          calls.push(n);
          yield Float64Array.of(x, n);
        }
        return { seed };
      }
      const chain = new Memory(${JSON.stringify(location)}).memoize(
        function* chain(seed) { return yield* steps(seed, 0, seed); },
        { id: "chain", version: 1, resume: ({ count, length, last }, seed) =>
            (calls.push("resumed " + length), steps(seed, count, last[0])) });
      const generator = chain(3);
      const yields = [];
      let turn;
      while (yields.length < ${length} && !(turn = generator.next()).done) yields.push([...turn.value]);
      generator.return();
      console.log(JSON.stringify({ calls, yields, returned: turn.value }));`;
    const whole = Array.from({ length: 8 }, () => 3).map((_, n) => {
      let x = 3;
      for (let i = 0; i <= n; i++) x = (x * 16807) % 2147483647;
      return [x, n];
    });
    expect(await inChild(source(3))).toMatchObject({ calls: [0, 1, 2], yields: whole.slice(0, 3) });
    expect(await inChild(source(5))).toMatchObject({
      calls: ["resumed 6", 3, 4],
      yields: whole.slice(0, 5),
    });
    const rest = { calls: ["resumed 10", 5, 6, 7], yields: whole, returned: { seed: 3 } };
    expect(await inChild(source(9))).toEqual(rest);
    expect(await inChild(source(9))).toEqual({ ...rest, calls: [] });
  });
});

describe("what cannot be stored", () => {
  it("is yielded all the same, and warned of", async () => {
    const memory = fresh();
    const heard: string[] = [];
    const mixed = memory.memoize(
      function* mixed(): Generator<unknown> {
        yield Int32Array.of(1);
        yield { a: 1 };
        yield Int32Array.of(2);
      },
      { id: "mixed", version: 1 },
    );
    for (let round = 0; round < 2; round++) {
      heard.push(JSON.stringify([...mixed()]));
    }
    expect(heard[0]).toBe('[{"0":1},{"a":1},{"0":2}]');
    expect(heard[1]).toBe(heard[0]);
    await nextTurn();
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        "UNSTORABLE_RESULT",
        'Cannot store yield[1]: only Int32Array, as before, can be stored. Results of "mixed" are returned but not cached.',
      ],
    ]);
  });

  it("is what a generator throws, which comes again", () => {
    let runs = 0;
    const failing = fresh().memoize(
      function* failing(): Generator<Uint8Array> {
        runs++;
        yield Uint8Array.of(1, 2);
        throw new Error("too much");
      },
      { id: "failing", version: 1 },
    );
    for (let round = 1; round <= 2; round++) {
      const generator = failing();
      expect(generator.next()).toEqual({ done: false, value: Uint8Array.of(1, 2) });
      expect(() => generator.next()).toThrow("too much");
      expect(runs).toBe(round);
    }
  });
});

it("methods", () => {
  const memory = fresh();
  let runs = 0;
  class Ramp {
    readonly step: number;
    constructor(step: number) {
      this.step = step;
    }
    *parts(count: number): Generator<Float64Array> {
      runs++;
      for (let n = 0; n < count; n++) yield Float64Array.of(n * this.step);
    }
  }
  const parts = memory.memoize(Ramp.prototype.parts, { id: "Ramp.parts" });
  for (const step of [1, 2, 1]) {
    const values = [...parts.on(new Ramp(step))(3)].map(([value]) => value);
    expect(values).toEqual([0, step, 2 * step]);
  }
  expect(runs).toBe(2);
});

it("events", () => {
  const heard: string[] = [];
  const onEvent = ({ type }: CacheEvent) => void heard.push(type);
  const memory = new Memory({ location: temporaryFolder(), onEvent });
  const two = memory.memoize(
    function* two(): Generator<Uint8Array> {
      yield Uint8Array.of(1);
      yield Uint8Array.of(2);
    },
    { id: "two", version: 1 },
  );
  for (let round = 0; round < 2; round++) [...two()];
  expect(heard).toEqual(["miss", "store", "hit"]);
});

it("options that are of a whole result are refused", () => {
  const memory = new Memory(null);
  const one = function* one() {
    yield Uint8Array.of(1);
  };
  const message = "Option ttlMs is not for generator functions";
  expect(() => memory.memoize(one, { ttlMs: 1 } as never)).toThrow(message);
  expect(() => memory.memoize(() => 1, { id: "x", resume: one } as never)).toThrow(
    "Option resume is for generator functions",
  );
});
