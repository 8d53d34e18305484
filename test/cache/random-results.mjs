// Random results, the same for the same seed in every process.
import fc from "fast-check";
import { bytes, failure, hidden, regexp, shared, sparse, TYPED_ARRAYS } from "./result-samples.mjs";

const leaf = fc.oneof(
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(null, undefined, true, false, -0),
);

const key = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom("$", "__proto__", "then", "0", "shape", "data"),
);

/** Objects that hold one value, made anew in each run. */
const instance = fc.oneof(
  fc.date({ noInvalidDate: false }).map((date) => () => new Date(date)),
  fc.nat(40).map((length) => () => new DataView(bytes(length).buffer)),
  fc.nat(40).map((length) => () => bytes(length).buffer),
  fc.nat(40).map((length) => () => shared(length)),
  fc.tuple(fc.constantFrom(...TYPED_ARRAYS), fc.nat(5)).map(
    ([name, n]) =>
      () =>
        new globalThis[name](bytes(n * 8).buffer),
  ),
  fc.tuple(fc.string(), fc.nat()).map(
    ([text, at]) =>
      () =>
        regexp(text.replace(/\W/g, "\\$&"), "g", at),
  ),
  fc.webUrl().map((href) => () => new URL(href)),
  fc.string().map((text) => () => new URLSearchParams(text)),
  fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.bigInt()).map((value) => () => Object(value)),
);

const define = (object, name, value) =>
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });

const CONTAINERS = {
  object: [() => ({}), define],
  bare: [() => Object.create(null), define],
  list: [() => [], (list, _name, value) => list.push(value)],
  fields: [
    () => [],
    (list, name, value) => list.push(value) % 2 && define(list, `${name}!`, value),
  ],
  sparse: [
    () => sparse(1e6, {}),
    (list, name, value) => define(list, name.length * 1000 + list.length - 1e6, value),
  ],
  map: [() => new Map(), (map, name, value) => map.set(value, name).set(name, value)],
  set: [() => new Set(), (set, _name, value) => set.add(value)],
  error: [
    () => failure(new TypeError("e")),
    (error, name, value) =>
      name === "$" ? hidden(error, "cause", value) : define(error, name, value),
  ],
};

/**
 * Graphs: objects, the slots of which hold leaves or any of the objects, themselves included.
 */
export const randomResult = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.tuple(
          fc.constantFrom(...Object.keys(CONTAINERS)),
          fc.array(
            fc.tuple(
              key,
              fc.oneof(
                leaf.map((value) => ({ value })),
                fc.nat(20),
              ),
            ),
            { maxLength: 5 },
          ),
        ),
      },
      { weight: 1, arbitrary: instance },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((specs) => {
    const objects = specs.map((spec) => (Array.isArray(spec) ? CONTAINERS[spec[0]][0]() : spec()));
    specs.forEach((spec, i) => {
      if (!Array.isArray(spec)) return;
      const [kind, slots] = spec;
      for (const [name, slot] of slots) {
        const value = typeof slot === "number" ? objects[slot % objects.length] : slot.value;
        CONTAINERS[kind][1](objects[i], name, value);
      }
    });
    return objects[0];
  });
