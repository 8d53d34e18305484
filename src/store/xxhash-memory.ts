/** Loads the WebAssembly module of `xxhash-wasm`; why not through the package is told in `hash.ts`. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

interface XxhashExports {
  readonly mem: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  xxh64(pointer: number, length: number, seed: bigint): bigint;
  init64(state: number, seed: bigint): void;
  update64(state: number, pointer: number, length: number): void;
  digest64(state: number): bigint;
}

/** What is used of the global WebAssembly, which neither lib.es2023 nor @types/node 20 declares. */
interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: XxhashExports };
}

/** The module and views of its memory. Growing detaches old views, so nobody else may keep one. */
export class XxhashMemory {
  readonly xxhash: XxhashExports;
  bytes: Buffer;
  view: DataView;

  constructor() {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyHost };
    const entry = createRequire(import.meta.url).resolve("xxhash-wasm");
    const file = new URL("../workerd/xxhash.wasm", pathToFileURL(entry));
    this.xxhash = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file))).exports;
    this.bytes = Buffer.from(this.xxhash.mem.buffer);
    this.view = new DataView(this.xxhash.mem.buffer);
  }

  /** Makes the memory reach at least to byte `end`. */
  reserve(end: number): void {
    const missing = end - this.bytes.byteLength;
    if (missing <= 0) return;
    this.xxhash.mem.grow(Math.ceil(missing / 65_536));
    this.bytes = Buffer.from(this.xxhash.mem.buffer);
    this.view = new DataView(this.xxhash.mem.buffer);
  }
}
