/**
 * `bloscache/adapters`: what makes arrays and tables of other libraries storable as results. Each is
 * given its library, and none is imported here.
 */
export { type Arrow, arrow } from "./adapters/arrow.ts";
export type { Adapter } from "./adapters/kind.ts";
export { type Onnxruntime, onnxruntime } from "./adapters/onnxruntime.ts";
export { scijsNdarray } from "./adapters/scijs-ndarray.ts";
export { type StdlibArrays, stdlibNdarray } from "./adapters/stdlib-ndarray.ts";
export { type TensorFlow, tfjs } from "./adapters/tfjs.ts";
export { type Zarrita, zarrita } from "./adapters/zarrita.ts";
