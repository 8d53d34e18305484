/** Copying items out of memory where they do not lie side by side. */
import { allocate } from "../blosc/codec.ts";

export interface Layout {
  /** Position of the first item, bytes. */
  readonly offset: number;
  /** Bytes of an item. */
  readonly width: number;
  /** How many items there are along each axis. */
  readonly shape: readonly number[];
  /** How far apart they are along each axis, bytes. */
  readonly strides: readonly number[];
}

const WORDS = [Uint32Array, Uint16Array, Uint8Array] as const;

/** The items of a layout side by side, the last axis first (C order). REQUIRES: they are in `bytes`. */
export function gather(bytes: Uint8Array, layout: Layout): ArrayBuffer {
  const { width, shape, strides } = layout;
  const start = bytes.byteOffset + layout.offset;
  const Words = WORDS.find(({ BYTES_PER_ELEMENT: unit }) =>
    [start, width, ...strides].every((position) => position % unit === 0),
  ) as (typeof WORDS)[number];
  const unit = Words.BYTES_PER_ELEMENT;
  const target = allocate(shape.reduce((product, length) => product * length, width));
  const to = new Words(target);
  if (to.length === 0) return target;
  const from = new Words(
    bytes.buffer as ArrayBuffer,
    start,
    Math.floor((bytes.byteLength - layout.offset) / unit),
  );
  const rows = new Rows(shape.slice(0, -1), strides.slice(0, -1));
  const step = (strides.at(-1) ?? 0) / unit;
  const rowLength = ((shape.at(-1) ?? 1) * width) / unit;
  const words = width / unit;
  for (let at = 0; at < to.length; at += rowLength) {
    let item = rows.position / unit;
    for (let end = at + words; end <= at + rowLength; end += words, item += step) {
      for (let word = 0; word < words; word++) to[end - words + word] = from[item + word] as number;
    }
    rows.next();
  }
  return target;
}

/** Counts through all axes but the last, the way an odometer does, and keeps the position. */
class Rows {
  position = 0;
  readonly #shape: readonly number[];
  readonly #strides: readonly number[];
  readonly #index: number[];

  constructor(shape: readonly number[], strides: readonly number[]) {
    this.#shape = shape;
    this.#strides = strides;
    this.#index = shape.map(() => 0);
  }

  next(): void {
    for (let axis = this.#shape.length - 1; axis >= 0; axis--) {
      const index = (this.#index[axis] as number) + 1;
      const length = this.#shape[axis] as number;
      const stride = this.#strides[axis] as number;
      this.position += stride;
      this.#index[axis] = index % length;
      if (index < length) return;
      this.position -= stride * length;
    }
  }
}
