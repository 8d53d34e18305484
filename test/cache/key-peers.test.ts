/**
 * 52 pairs of values, each passed as the one argument of a call, keyed by this library and by three
 * that users would otherwise take. docs/peers-keys.md is what this prints, so the page cannot claim
 * what is not so; `vitest -u` writes it anew.
 */

import { readFileSync } from "node:fs";
import memoizeFs from "memoize-fs";
import objectHash from "object-hash";
import { hash as ohash } from "ohash";
import { expect, test } from "vitest";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { KeyError } from "../../src/errors.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What a key has to say of a pair: a memoizer may serve one's result for the other, or may not. */
type Truth = "different" | "equal" | "either";
type Outcome = "apart" | "same" | "throws";
type Hash = (value: unknown) => string;

const f64 = Float64Array.of(1, 2);
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const sharedOf = (byte: number) => {
  const buffer = new SharedArrayBuffer(8);
  new Uint8Array(buffer).fill(byte);
  return buffer;
};
const twin = { a: [1] };
class Account {
  readonly #amount: number;
  constructor(amount: number) {
    this.#amount = amount;
  }
  double() {
    return this.#amount * 2;
  }
}
/** As tfjs has it: every tensor has a number of its own, which says nothing of its contents. */
class Tensor {
  static made = 0;
  readonly id = Tensor.made++;
  readonly data = f64;
}

const pairs: [name: string, truth: Truth, left: unknown, right: unknown][] = [
  ["Float64Array, Float32Array of the same numbers", "different", f64, Float32Array.of(1, 2)],
  ["Float64Array, plain object `{0: 1, 1: 2}`", "different", f64, { 0: 1, 1: 2 }],
  ["Float64Array, Array", "different", f64, [1, 2]],
  ["Uint8Array, Uint8ClampedArray", "different", bytes, new Uint8ClampedArray(bytes)],
  ["Uint8Array, Int8Array", "different", bytes, new Int8Array(bytes)],
  ["BigInt64Array `[1n]`, `[2n]`", "different", BigInt64Array.of(1n), BigInt64Array.of(2n)],
  ["Float64Array `[NaN]`, `[Infinity]`", "different", Float64Array.of(NaN), Float64Array.of(1 / 0)],
  ["Float64Array `[0]`, `[-0]`", "different", Float64Array.of(0), Float64Array.of(-0)],
  ["ArrayBuffer of zeros, of data", "different", new ArrayBuffer(8), bytes.buffer],
  ["ArrayBuffer, Uint8Array over it", "different", bytes.buffer, bytes],
  [
    "DataView of zeros, of data",
    "different",
    new DataView(new ArrayBuffer(8)),
    new DataView(bytes.buffer),
  ],
  [
    "DataView of one buffer's halves",
    "different",
    new DataView(bytes.buffer, 0, 4),
    new DataView(bytes.buffer, 4, 4),
  ],
  ["SharedArrayBuffer of zeros, of data", "different", sharedOf(0), sharedOf(1)],
  ["ndarray `{data, shape}`, two shapes", "different", nd(f64, [2, 1]), nd(f64, [1, 2])],
  ["ndarray `{data, shape}`, f8, f4", "different", nd(f64, [2]), nd(Float32Array.of(1, 2), [2])],
  ["`0`, `-0`", "different", 0, -0],
  ["`NaN`, `null`", "different", NaN, null],
  ['`1`, `"1"`', "different", 1, "1"],
  ["`1`, `1n`", "different", 1, 1n],
  ["`1`, `true`", "different", 1, true],
  ["`[null]`, `[undefined]`", "different", [null], [undefined]],
  ["Map contents", "different", new Map([["a", 1]]), new Map([["a", 2]])],
  ['Map with key `1`, with key `"1"`', "different", new Map([[1, "x"]]), new Map([["1", "x"]])],
  ["Map, Array of its entries", "different", new Map([[1, 2]]), [[1, 2]]],
  ["Set contents", "different", new Set([1]), new Set([2])],
  ["Set, Array of its members", "different", new Set([1]), [1]],
  ["RegExp sources", "different", /a/, /b/],
  ["RegExp flags", "different", /a/, /a/i],
  ["Error messages", "different", new Error("a"), new Error("b")],
  ["Error causes", "different", new Error("a", { cause: 1 }), new Error("a", { cause: 2 })],
  ["Dates", "different", new Date(0), new Date(1)],
  ["Dates in an object", "different", { at: new Date(0) }, { at: new Date(1) }],
  ["Date, its ISO text", "different", new Date(0), new Date(0).toISOString()],
  ["URLSearchParams", "different", new URLSearchParams("a=1"), new URLSearchParams("a=2")],
  ["URLs", "different", new URL("https://a.b/1"), new URL("https://a.b/2")],
  ["quotes in a value: `{a: \"x',b:'y\"}`", "different", { a: "x',b:'y" }, { a: "x", b: "y" }],
  ['syntax in a name: `{"a:1,b": 2}`', "different", { "a:1,b": 2 }, { a: 1, b: 2 }],
  ['`["ab", "c"]`, `["a", "bc"]`', "different", ["ab", "c"], ["a", "bc"]],
  ["callbacks `x => x`, `x => x + 1`", "different", (x: number) => x, (x: number) => x + 1],
  ["`Symbol.for`, two keys", "different", Symbol.for("a"), Symbol.for("b")],
  ["value under a symbol", "different", { [Symbol.for("k")]: 1 }, { [Symbol.for("k")]: 2 }],
  ["private fields", "different", new Account(1), new Account(2)],
  ["order of fields", "equal", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["order of a Map", "equal", new Map(Object.entries({ a: 1, b: 2 })), reversedMap()],
  ["order of a Set", "equal", new Set([1, 2]), new Set([2, 1])],
  ["`[o, o]`, `[o, {...o}]`", "equal", [twin, twin], [twin, { ...twin }]],
  ["view, copy", "equal", new Float64Array([9, 1, 2, 9]).subarray(1, 3), f64],
  [
    "AbortSignals: how long to wait",
    "equal",
    new AbortController().signal,
    new AbortController().signal,
  ],
  ["tensors of equal contents, each with an id", "either", new Tensor(), new Tensor()],
  ["`{a: undefined}`, `{}`", "either", { a: undefined }, {}],
  ["a hole, `undefined`", "either", new Array(1), [undefined]],
  ["boxed, primitive number", "either", Object(1), 1],
];

function nd(data: Float64Array | Float32Array, shape: number[]) {
  return { data, shape, stride: [...shape].reverse(), offset: 0 };
}

function reversedMap() {
  return new Map(Object.entries({ b: 2, a: 1 }));
}

const identity = { id: "peers", version: "v:1", slug: "peers" };
const memoizer = memoizeFs({ cachePath: temporaryFolder() });
function compute(value: unknown) {
  return value;
}

const hashes: Record<string, Hash> = {
  bloscache: (value) => keyHex(callKey(identity, [value])),
  ohash: (value) => ohash([value]),
  "object-hash": (value) => objectHash([value]),
  "memoize-fs": (value) => memoizer.getCacheFilePath(compute, [value], {}),
};

function outcomeOf(hash: Hash, left: unknown, right: unknown): Outcome {
  try {
    return hash(left) === hash(right) ? "same" : "apart";
  } catch {
    return "throws";
  }
}

function verdict(truth: Truth, outcome: Outcome): string {
  if (truth === "different" && outcome === "same") return "**collision**";
  if (truth === "equal" && outcome === "apart") return "split";
  return outcome;
}

const columns = Object.entries(hashes).map(([name, hash]) => {
  const verdicts = pairs.map(([, truth, left, right]) =>
    verdict(truth, outcomeOf(hash, left, right)),
  );
  return { name, verdicts };
});

function countOf(verdicts: readonly string[]) {
  const count = (word: string) => verdicts.filter((verdict) => verdict === word).length;
  return { collisions: count("**collision**"), splits: count("split"), throws: count("throws") };
}

/** Without ours: a release is not to change the page. */
function titleOf(name: string): string {
  if (name === "bloscache") return name;
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return `${name} ${version}`;
}

function page(): string {
  const counts = columns.map(({ verdicts }) => countOf(verdicts));
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return `# Keys beside those of other packages

Written by \`test/cache/key-peers.test.ts\`, which fails when a line of it is not so (\`vitest run -u\` on that file writes it anew). Each pair is passed as the one
argument of a call; peers are asked for keys through their public functions, with their default options.

Of a pair that is *different*, \`same\` would be a **collision**: the second call gets the first one's result. Of one that is *equal*, \`apart\` would be a split:
work is done twice. Of *either*, a memoizer may hold what it likes. \`throws\` is a call that cannot be cached; this library throws a \`KeyError\` that says
where and what to do, for values whose contents it cannot read.

${row(["", ...columns.map(({ name }) => titleOf(name))])}
${row(["---", ...columns.map(() => "---")])}
${row(["collisions", ...counts.map(({ collisions }) => collisions)])}
${row(["splits", ...counts.map(({ splits }) => splits)])}
${row(["throws", ...counts.map(({ throws }) => throws)])}

${row(["pair", "is", ...columns.map(({ name }) => name)])}
${row(["---", "---", ...columns.map(() => "---")])}
${pairs.map(([name, truth], i) => row([name, truth, ...columns.map((column) => column.verdicts[i] ?? "")])).join("\n")}
`;
}

test("no pair collides and none is split", () => {
  expect(pairs).toHaveLength(52);
  const ours = columns.find(({ name }) => name === "bloscache");
  expect(countOf(ours?.verdicts ?? [])).toMatchObject({ collisions: 0, splits: 0 });
});

test("what is refused shows no contents, and is refused by a KeyError", () => {
  const refused = pairs.filter(([, , left, right]) => {
    return outcomeOf(hashes["bloscache"] as Hash, left, right) === "throws";
  });
  expect(refused.map(([name]) => name)).toEqual([
    "callbacks `x => x`, `x => x + 1`",
    "value under a symbol",
    "private fields",
    "tensors of equal contents, each with an id",
  ]);
  for (const [, , left] of refused) expect(() => hashes["bloscache"]?.(left)).toThrow(KeyError);
});

test("docs/peers-keys.md is what is measured", async () => {
  await expect(page()).toMatchFileSnapshot("../../docs/peers-keys.md");
});
