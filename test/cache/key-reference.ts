/**
 * docs/keys.md written down a second time, slowly and apart from `src/cache`, for the values that
 * test/fixtures/keys.json holds. Bytes are collected in an array; digests come from the public
 * interface of xxhash-wasm.
 */

import { types } from "node:util";
import type { NdArray } from "ndarray";
import xxhash from "xxhash-wasm";

const { h64Raw } = await xxhash();

const DTYPES: Record<string, string> = {
  Int8Array: "b",
  Uint8Array: "B",
  Uint8ClampedArray: "C",
  Int16Array: "h",
  Uint16Array: "H",
  Int32Array: "i",
  Uint32Array: "I",
  BigInt64Array: "q",
  BigUint64Array: "Q",
  Float16Array: "e",
  Float32Array: "f",
  Float64Array: "d",
};

export function referenceDigest(bytes: Uint8Array): string {
  const halves = [h64Raw(bytes, 0n), h64Raw(bytes, 0x9e3779b97f4a7c15n)];
  return halves.map((half) => half.toString(16).padStart(16, "0")).join("");
}

export function referenceCall(id: string, version: string, args: unknown[]): Buffer {
  const values = args.map((arg) => encode(arg, []));
  return Buffer.concat([
    Buffer.from([0x62, 0x63, 0x6b, 1]),
    text(id),
    text(version),
    Buffer.from("-"),
    u32(args.length),
    ...values,
  ]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function f64(value: number): Buffer {
  if (Number.isNaN(value)) return Buffer.from("000000000000f87f", "hex");
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from("s"), u32(value.length), Buffer.from(value, "utf16le")]);
}

function tagged(tag: string, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(tag), ...parts]);
}

function raw(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.byteLength));
  return Buffer.concat([length, bytes]);
}

function encode(value: unknown, ancestors: object[]): Buffer {
  if (value === undefined) return tagged("U");
  if (value === null) return tagged("N");
  if (typeof value === "boolean") return tagged(value ? "T" : "F");
  if (typeof value === "number") return tagged("n", f64(value));
  if (typeof value === "string") return text(value);
  if (typeof value === "symbol") return tagged("y", text(Symbol.keyFor(value) ?? ""));
  if (typeof value === "bigint") return bigint(value);
  const depth = ancestors.indexOf(value as object);
  if (depth >= 0) return tagged("^", u32(ancestors.length - depth));
  return object(value as object, [...ancestors, value as object]);
}

function bigint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest /= 256n) {
    bytes.unshift(Number(rest % 256n));
  }
  if (value === 0n) bytes.push(0);
  return tagged("i", Buffer.from([value < 0n ? 1 : 0]), u32(bytes.length), Buffer.from(bytes));
}

function object(value: object, path: object[]): Buffer {
  const method = (value as Record<symbol, unknown>)[Symbol.for("bloscache.key")];
  if (typeof method === "function") {
    return tagged("K", text(value.constructor.name), encode(method.call(value), path));
  }
  if ("pick" in value)
    return tagged("A", text("ndarray"), encode(contentOf(value as NdArray), path));
  if (Array.isArray(value)) return array(value, path);
  if (value instanceof Map) {
    const entries = [...value].map(([k, v]) => Buffer.concat([encode(k, path), encode(v, path)]));
    return tagged("M", unordered(entries));
  }
  if (value instanceof Set) return tagged("S", unordered([...value].map((v) => encode(v, path))));
  if (value instanceof Error) {
    const names = [Object.getPrototypeOf(value).name as string, value.name, value.message];
    const hidden = ["cause", "errors"].filter((key) => Object.hasOwn(value, key));
    const keys = [...new Set([...Object.keys(value), ...hidden])];
    return tagged("E", ...names.map(text), fields(value, keys, path));
  }
  return bytes(value) ?? small(value) ?? tagged("o", fields(value, Object.keys(value), path));
}

/** Of numbers with two dimensions, which is what the fixture has. */
function contentOf(view: NdArray): object {
  const { dtype, shape } = view;
  const [rows = 0, columns = 0] = shape;
  const Data = view.data.constructor as Float32ArrayConstructor;
  const data = Data.from({ length: rows * columns }, (_, i) =>
    Number(view.get(Math.floor(i / columns), i % columns)),
  );
  return { dtype, shape, data };
}

function bytes(value: object): Buffer | undefined {
  if (value instanceof ArrayBuffer) return tagged("b", raw(new Uint8Array(value)));
  if (value instanceof SharedArrayBuffer) return tagged("m", raw(new Uint8Array(value)));
  if (!ArrayBuffer.isView(value)) return undefined;
  const view = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof DataView) return tagged("v", raw(view));
  const name = Buffer.isBuffer(value) ? "Uint8Array" : value.constructor.name;
  return tagged("t", Buffer.from(DTYPES[name] ?? "?"), raw(view));
}

function small(value: object): Buffer | undefined {
  if (value instanceof Date) return tagged("D", f64(value.getTime()));
  if (value instanceof RegExp) {
    return tagged("R", text(value.source), text(value.flags), f64(value.lastIndex));
  }
  if (value instanceof URL) return tagged("L", text(value.href));
  if (value instanceof URLSearchParams) return tagged("P", text(value.toString()));
  return types.isBoxedPrimitive(value) ? tagged("X", encode(value.valueOf(), [])) : undefined;
}

function array(value: unknown[], path: object[]): Buffer {
  const parts = [u32(value.length)];
  const indices = Object.keys(value).filter((key) => /^\d+$/.test(key));
  let next = 0;
  const holes = (count: number) => count > 0 && parts.push(tagged("h", u32(count)));
  for (const index of indices.map(Number)) {
    holes(index - next);
    parts.push(encode(value[index], path));
    next = index + 1;
  }
  holes(value.length - next);
  const named = Object.keys(value).slice(indices.length);
  return tagged("a", ...parts, fields(value, named, path));
}

function fields(value: object, keys: string[], path: object[]): Buffer {
  const parts = [...keys]
    .sort()
    .flatMap((key) => [text(key), encode((value as Record<string, unknown>)[key], path)]);
  return Buffer.concat([...parts, Buffer.from(".")]);
}

function unordered(encodings: Buffer[]): Buffer {
  const digests = encodings.map(referenceDigest).sort();
  return Buffer.concat([
    u32(digests.length),
    ...digests.map((digest) => Buffer.from(digest, "hex")),
  ]);
}
