// How two results are compared, in this process and in others.

/**
 * Where two values differ, in type, content, or in what is the same object; `undefined` if nowhere.
 */
export function difference(a, b) {
  const partners = new Map();
  const pairs = [["it", a, b]];
  for (const [path, x, y] of pairs) {
    if (!isObject(x) || !isObject(y)) {
      if (!Object.is(x, y)) return `${path}: ${String(y)} for ${String(x)}`;
      continue;
    }
    if (partners.has(x) || partners.has(y)) {
      if (partners.get(x) !== y) return `${path}: another object`;
      continue;
    }
    partners.set(x, y).set(y, x);
    if (!areAlike(x, y)) return `${path}: ${summary(y)} for ${summary(x)}`;
    pairs.push(...pairsOf(path, x, y));
  }
  return undefined;
}

/** What is in two objects, by its place. */
function pairsOf(path, x, y) {
  const others = new Map(parts(y));
  return parts(x).map(([name, part]) => [`${path}.${name}`, part, others.get(name)]);
}

const isObject = (value) => typeof value === "object" && value !== null;

const areAlike = (x, y) =>
  Object.getPrototypeOf(x) === Object.getPrototypeOf(y) && summary(x) === summary(y);

/** What of an object is no other value: its kind, what it holds, its fields and how they are kept. */
function summary(object) {
  const brand = Object.prototype.toString.call(object);
  const isBytes = ArrayBuffer.isView(object) || /ArrayBuffer\]$/.test(brand);
  const names = isBytes || object instanceof String ? [] : Object.getOwnPropertyNames(object);
  const isHidden = (name) => !Object.prototype.propertyIsEnumerable.call(object, name);
  const fields = [names.filter((name) => !isHidden(name)), names.filter(isHidden).sort()];
  return JSON.stringify([
    brand,
    Array.isArray(object),
    object.length,
    object.size,
    ...fields,
    content(object, isBytes),
  ]);
}

function content(object, isBytes) {
  if (isBytes) {
    const view = ArrayBuffer.isView(object) ? object : new Uint8Array(object);
    const limits = [object.resizable, object.growable, object.maxByteLength];
    return [Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("latin1"), limits];
  }
  if (object instanceof RegExp) return String(object);
  if (object instanceof URL || object instanceof URLSearchParams) return String(object);
  if (object instanceof Date) return object.getTime();
  return undefined;
}

function parts(object) {
  if (ArrayBuffer.isView(object)) return [];
  if (object instanceof Map) {
    const keys = [...object.keys()].map((key, i) => [`key ${i}`, key]);
    return keys.concat([...object.values()].map((value, i) => [`value ${i}`, value]));
  }
  if (object instanceof Set) return [...[...object].entries()];
  if (/Number|String|Boolean|BigInt/.test(Object.prototype.toString.call(object))) {
    return [["valueOf()", object.valueOf()]];
  }
  return Object.getOwnPropertyNames(object).map((name) => [name, object[name]]);
}
