/** What a handle says of a result that it cannot give, or not in part. */
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";

export function gone(key: string): StoreError {
  return new StoreError("read", key, new Error("the result is not in the cache any more"));
}

export function lone(value: unknown, key: string): TypedArray {
  if (ArrayBuffer.isView(value) && "slice" in value) return value as TypedArray;
  throw notAnArray(key);
}

export function notAnArray(key: string): TypeError {
  return new TypeError(`The result ${key} is not one typed array, and cannot be read in part`);
}
