/** Tensors of TensorFlow.js. */

import { type Adapter, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";

interface TfTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Real and imaginary parts in turn where the dtype is complex64. */
  dataSync(): ArrayLike<number> | string[];
}

interface Parts {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: unknown;
}

/** What the values of a dtype are held in; a backend may give another, equal one. */
const HOLDERS = new Map<string, typeof Float32Array | typeof Int32Array | typeof Uint8Array>([
  ["float32", Float32Array],
  ["complex64", Float32Array],
  ["int32", Int32Array],
  ["bool", Uint8Array],
]);

export const tfjsKind: Kind = {
  name: "@tensorflow/tfjs",
  title: "a tensor of TensorFlow.js",
  adapter: "tfjs(tf)",
  owns: (value) =>
    hasMethods(value, "dataSync", "throwIfDisposed", "arraySync") &&
    typeof (value as TfTensor).dtype === "string" &&
    Array.isArray((value as TfTensor).shape) &&
    (isVariable(value) || lineOf(value).length === 1),
  fields: new Set([
    ...["kept", "isDisposedInternal", "shape", "dtype", "size", "strides", "dataId", "id"],
    ...["rankType", "scopeId", "trainable", "name"],
  ]),
  content: partsOf,
};

function isVariable(value: object): boolean {
  return hasMethods(value, "assign");
}

function partsOf(tensor: TfTensor): Parts {
  // A variable is one by its name, which no second one may have.
  if (isVariable(tensor)) {
    throw new TypeError("it is a variable, whose value is a tensor: give variable.clone()");
  }
  const { dtype, shape } = tensor;
  const values = tensor.dataSync();
  const Holder = HOLDERS.get(dtype);
  if (Holder === undefined) return { dtype, shape: [...shape], data: [...(values as string[])] };
  const data = values instanceof Holder ? values : Holder.from(values as ArrayLike<number>);
  return { dtype, shape: [...shape], data };
}

/** What is needed of TensorFlow.js. */
export interface TensorFlow {
  readonly Tensor: { readonly prototype: object };
  readonly tensor: (values: never, shape: never, dtype: never) => object;
  readonly complex: (real: never, imag: never) => object;
}

/**
 * Stores tensors of TensorFlow.js, of every dtype. One that was read is a new tensor on the backend
 * that is in use, and the caller's to dispose, as one that was computed is.
 *
 * @param tf `@tensorflow/tfjs`, or `tfjs-core`
 */
export function tfjs(tf: TensorFlow): Adapter {
  const tensor = tf.tensor as (...args: unknown[]) => object & { dispose(): void };
  const complex = tf.complex as (...args: unknown[]) => object;
  const restore = ({ dtype, shape, data }: Parts) => {
    if (dtype !== "complex64") return tensor(data, shape, dtype);
    const pairs = data as Float32Array;
    const halves = [0, 1].map((part) => {
      const half = Float32Array.from(
        { length: pairs.length / 2 },
        (_, i) => pairs[2 * i + part] as number,
      );
      return tensor(half, shape, "float32");
    });
    const made = complex(...halves);
    for (const half of halves) half.dispose();
    return made;
  };
  return {
    name: tfjsKind.name,
    // Variables too: they are refused when they are taken apart.
    owns: ownsOnly(tfjsKind, (line) => line.at(-1) === tf.Tensor.prototype),
    take: partsOf,
    restore,
  };
}
