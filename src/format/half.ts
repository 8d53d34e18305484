/** Half-precision numbers, dtype `<f2`: 1 bit sign, 5 bits exponent, 10 bits fraction. */
import { type TypedArray, typedArrayName } from "./dtype.ts";

/**
 * The values of an array of halves, exactly.
 *
 * @param halves their bits in a Uint16Array, as they are read where the runtime has no Float16Array;
 *   or a Float16Array
 * @throws {TypeError} for any other array
 */
export function halfToFloat32(halves: TypedArray): Float32Array<ArrayBuffer> {
  const name = typedArrayName(halves);
  if (name === "Float16Array") return new Float32Array(halves as Float32Array);
  if (name !== "Uint16Array") {
    throw new TypeError("Halves must be in a Uint16Array or a Float16Array");
  }
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = singleOf(halves[i] as number);
  return values;
}

/** The bits of a single from those of a half: only the exponent's bias differs, 127 from 15. */
function singleOf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal single: its first bit moves to where it is implied.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
}
