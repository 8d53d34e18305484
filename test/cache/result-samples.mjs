// Results of every kind. JavaScript, because another process makes the same ones, to compare them
// with what it reads.

export const TYPED_ARRAYS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
].filter((name) => name in globalThis);

/** Bits of every pattern, NaNs with payloads among them. */
export function bytes(length) {
  return Uint8Array.from({ length }, (_, i) => (i * 151 + (i >> 8)) & 255);
}

export function shared(length) {
  const buffer = new SharedArrayBuffer(length);
  new Uint8Array(buffer).set(bytes(length));
  return buffer;
}

/** The stack is fixed, as two processes have two. */
export function failure(error, fields = {}) {
  error.stack = `${error}\n    at fit (model.js:3:14)`;
  return Object.assign(error, fields);
}

export function regexp(source, flags, lastIndex) {
  return Object.assign(new RegExp(source, flags), { lastIndex });
}

export function sparse(length, entries) {
  const list = [];
  list[length - 1] = 0;
  delete list[length - 1];
  return Object.assign(list, entries);
}

function resizable(Buffer, nbytes, maxByteLength) {
  const buffer = new Buffer(nbytes, { maxByteLength });
  new Uint8Array(buffer).set(bytes(nbytes));
  return buffer;
}

export function hidden(object, name, value) {
  return Object.defineProperty(object, name, { value, writable: true, configurable: true });
}

const values = () => ({
  numbers: [0, -0, 0.1, 5e-324, Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER],
  bigints: [0n, -5n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 12n ** 400n],
  strings: ["", "ü\u{1f600}", "\ud800 \udfff", '\0"\\\u2028', "__proto__"],
  "long Latin-1": "\xff\0a".repeat(100_000),
  "long text with lone surrogates": "\ud800日本".repeat(50_000),
  "long strings": {
    a: "a".repeat(65_535),
    b: ["b".repeat(65_536)],
    c: new Map([["c".repeat(7e4), 1]]),
  },
  undefined: undefined,
  "nothing, nested": { a: undefined, b: [null, undefined] },
  // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
  holes: [, 1, , undefined, ,],
  "an empty array": [],
  "only holes": sparse(3, {}),
  "a sparse array": sparse(2 ** 32 - 1, { 5: "a", 70000: { b: 1 }, 4294967294: -0 }),
  "a sparse array of none": sparse(4e9, {}),
  "a sparse array with fields": sparse(1e9, { 3: 1, 4294967295: "no index", unit: "m" }),
  "an array with named fields": Object.assign([1, { a: 2 }], {
    columns: ["a"],
    "": 1,
    "01": 2,
    "-1": 3,
  }),
  "an array with a field __proto__": Object.defineProperty([1], "__proto__", {
    value: 2,
    enumerable: true,
    writable: true,
    configurable: true,
  }),
  "a match": "2026-11-22".match(/(?<year>\d+)-(?<month>\d+)(x)?/d),
  "all matches": [..."a1b2".matchAll(/[a-z](?<digit>\d)/g)],
  Map: new Map([
    [Number.NaN, -0],
    [{ key: 1 }, [new Map([["", null]])]],
    [undefined, new Set()],
  ]),
  Set: new Set([1, "1", 1n, Number.NaN, undefined, new Set([[]]), Uint8Array.of(1)]),
  Date: [new Date(86_400_000), new Date(Number.NaN), new Date(-1), new Date(8.64e15)],
  RegExp: [
    /a\/b[/]\n/dgimsuy,
    regexp("", "", 0),
    regexp("\n/", "g", 7),
    regexp("x", "y", -0),
    regexp("[a--b]", "v", "2"),
  ],
  Error: failure(new Error("no", { cause: { code: 1 } }), { code: "ENOENT", errno: -2 }),
  errors: [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) =>
    failure(new Class(`a ${Class.name}`)),
  ),
  AggregateError: failure(
    new AggregateError([failure(new TypeError("a")), 2], "all", { cause: undefined }),
  ),
  "an error without message, stack and errors": [new Error(), new AggregateError([])].map(
    (error) => {
      for (const key of ["stack", "errors"]) delete error[key];
      return error;
    },
  ),
  "an error with a name": [
    failure(new Error("a"), { name: "AbortError" }),
    hidden(failure(new Error("b")), "name", "HiddenError"),
  ],
  "boxed primitives": [
    new Number(-0),
    new String("a\ud800"),
    new String("b".repeat(1e5)),
    new Boolean(false),
    Object(5n),
  ],
  URL: [new URL("https://ü@example.org:81/a b?c=%20#d"), new URL("data:,x")],
  URLSearchParams: [
    new URLSearchParams("?a=1&a=2&=&%3Fb"),
    new URLSearchParams([["?", "&=\ud800"]]),
    new URLSearchParams(),
  ],
  "no prototype": Object.assign(Object.create(null), { x: 1, constructor: 2 }),
  "special keys": [
    { $: ["array", 0] },
    JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "": 3}'),
    // biome-ignore lint/suspicious/noThenProperty: a field like any other, since it is no function
    { $: undefined, toJSON: 1, then: 2 },
  ],
  "integer keys": { b: 1, 2: 2, 1: 3, "-1": 4, 4294967295: 5 },
  shapes: [
    { data: new Float64Array(6), shape: [2, 3], order: "F" },
    { data: Float32Array.of(1), shape: [], note: 1 },
    { data: Buffer.from("ab"), shape: [2, 1] },
  ],
  "what looks like a shape": [
    { data: new Float64Array(6), shape: [7] },
    { data: new Float64Array(0), shape: sparse(4e9, {}) },
    { data: bytes(2).buffer, shape: [2] },
    { data: Float64Array.of(1), shape: sparse(1, {}) },
  ],
  "arrays in a model": {
    model: { weights: [new Float32Array(9000), { bias: Float32Array.of(1) }] },
    loss: 0.25,
  },
  "a large shape": { data: new Float64Array(6000).fill(1), shape: [60, 100], order: "F" },
  "views of one buffer": (() => {
    const { buffer } = bytes(48);
    return [
      new Float32Array(buffer, 0, 4),
      new Float32Array(buffer, 8, 4),
      new DataView(buffer, 1, 5),
      Buffer.from(buffer, 3, 4),
    ];
  })(),
  "resizable buffers": (() => {
    const [a, b] = [resizable(ArrayBuffer, 5, 100), resizable(SharedArrayBuffer, 20_000, 30_000)];
    return [a, b, { a, b }];
  })(),
  "shared objects": (() => {
    const leaves = [
      new Date(1),
      /a/,
      new URL("a:b"),
      Object("s"),
      new Error("e", { cause: 1 }),
      new URLSearchParams(),
      Uint8Array.of(1),
      bytes(2).buffer,
      shared(3),
      new DataView(bytes(4).buffer),
    ];
    leaves[4].stack = "none";
    const object = { leaves };
    return [object, { object }, new Map([[object, object]]), ...leaves, [], []];
  })(),
  "objects that contain themselves": (() => {
    const object = { first: 1 };
    const list = Object.assign([object], { fields: object });
    const map = new Map();
    map.set(map, map).set(object, list);
    const set = new Set([object]);
    const error = failure(new Error("circular"));
    error.cause = error;
    const aggregate = failure(new AggregateError([error]));
    aggregate.errors.push(aggregate);
    const pattern = /a/;
    pattern.lastIndex = [pattern];
    const bare = Object.assign(Object.create(null), { object });
    return Object.assign(object, {
      object,
      list,
      map,
      set: set.add(set),
      error,
      aggregate,
      bare: Object.assign(bare, { bare }),
      pattern,
    });
  })(),
  "numbers that a reader must keep in step": (() => {
    const last = {};
    const all = [
      [],
      sparse(1e6, { 9: {} }),
      new Date(1),
      Object.create(null),
      failure(new Error("x", { cause: {} }), { info: {} }),
      new Map([[{}, {}]]),
      new Set([{}]),
      /a/,
      Object(1),
      new URL("a:b"),
      resizable(ArrayBuffer, 1, 2),
      Object.assign([{}], { x: {} }),
      new Int8Array(1),
      last,
    ];
    return [...all, last];
  })(),
});

/** What the functions of the tests return, by its name. */
export const samples = () => [
  ...TYPED_ARRAYS.flatMap((name) => {
    const Class = globalThis[name];
    return [0, 24, 48_000].map((length) => [
      `${name} of ${length} bytes`,
      new Class(bytes(length).buffer),
    ]);
  }),
  ...[0, 9, 50_001].flatMap((length) => [
    [`Buffer of ${length} bytes`, Buffer.from(bytes(length))],
    [`ArrayBuffer of ${length} bytes`, bytes(length).buffer],
    [`SharedArrayBuffer of ${length} bytes`, shared(length)],
    [`DataView of ${length} bytes`, new DataView(bytes(length).buffer)],
  ]),
  ...Object.entries(values()),
];
