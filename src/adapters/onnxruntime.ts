/** Tensors of onnxruntime, of all its packages: `onnxruntime-common` has their class. */

import { type Adapter, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";

interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView | string[];
  readonly location?: string;
}

interface Parts {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | string[];
}

export const onnxruntimeKind: Kind = {
  name: "onnxruntime",
  title: "a tensor of onnxruntime",
  adapter: "onnxruntime(ort)",
  owns: (value) =>
    hasMethods(value, "reshape", "getData", "dispose") &&
    Array.isArray((value as OrtTensor).dims) &&
    typeof (value as OrtTensor).type === "string" &&
    typeof (value as { size?: unknown }).size === "number" &&
    "data" in value &&
    lineOf(value).length === 1,
  fields: new Set([
    ...["cpuData", "dataLocation", "type", "dims", "size", "gpuTextureData", "gpuBufferData"],
    ...["mlTensorData", "downloader", "disposer", "isDownloading"],
  ]),
  content: partsOf,
};

function partsOf(tensor: OrtTensor): Parts {
  const { type, dims, location = "cpu" } = tensor;
  if (location !== "cpu") {
    const where = location === "none" ? "it was disposed" : `its data is at "${location}"`;
    throw new TypeError(`${where}, not on the CPU: await tensor.getData() first`);
  }
  const { data } = tensor;
  return { type, shape: [...dims], data: type === "float16" ? bitsOf(data) : data };
}

/** A runtime with Float16Array holds halves in one, another their bits: the same tensor. */
function bitsOf(data: OrtTensor["data"]): OrtTensor["data"] {
  if (!ArrayBuffer.isView(data)) return data;
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** What is needed of onnxruntime. */
export interface Onnxruntime {
  readonly Tensor: new (type: never, data: never, dims: never) => object;
}

/**
 * Stores tensors of onnxruntime whose data is in memory of the CPU, of every type.
 *
 * @param ort `onnxruntime-node`, `onnxruntime-web` or `onnxruntime-common`
 */
export function onnxruntime(ort: Onnxruntime): Adapter {
  const Tensor = ort.Tensor as unknown as new (...args: unknown[]) => object;
  return {
    name: onnxruntimeKind.name,
    owns: ownsOnly(onnxruntimeKind, ([prototype]) => prototype === Tensor.prototype),
    take: partsOf,
    restore: ({ type, data, shape }: Parts) => new Tensor(type, data, shape),
  };
}
