/** The libraries whose objects are known without them. */

import { arrowKind } from "./arrow.ts";
import type { Kind } from "./kind.ts";
import { onnxruntimeKind } from "./onnxruntime.ts";
import { scijsKind } from "./scijs-ndarray.ts";
import { stdlibKind } from "./stdlib-ndarray.ts";
import { tfjsKind } from "./tfjs.ts";
import { zarritaKind } from "./zarrita.ts";

const KINDS: readonly Kind[] = [
  scijsKind,
  stdlibKind,
  arrowKind,
  tfjsKind,
  onnxruntimeKind,
  zarritaKind,
];

/** The library that an object is of, by its shape; `undefined` for any other. */
export function libraryKind(value: object): Kind | undefined {
  return KINDS.find((kind) => kind.owns(value));
}

/** The library whose adapter has this name. */
export function kindNamed(name: string): Kind | undefined {
  return KINDS.find((kind) => kind.name === name);
}
