/** IEEE 754's binary16, written: tensors in half the bytes. */
import type { NumericArray } from "./numeric-array.ts";

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The first number that rounds to infinity: half a unit above 65504, the largest. */
const OVERFLOW = 65520;
/** Below it halves are multiples of 2⁻²⁴. */
const LEAST_NORMAL = 2 ** -14;
/** Adding it to what is far smaller and taking it away again rounds to whole numbers, ties to even. */
const ROUNDER = 1.5 * 2 ** 52;

/** The bits of the nearest half, ties to even. */
function halfBits(value: number): number {
  single[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude < LEAST_NORMAL) return sign | (magnitude * 2 ** 24 + ROUNDER - ROUNDER);
  // 13 of the 23 bits of the fraction go; the exponent's bias is 15 in place of 127.
  const kept = bits[0]! & 0x7fffffff;
  return sign | (((kept + 0xfff + ((kept >>> 13) & 1)) >>> 13) - (112 << 10));
}

/**
 * Float32 tensors rounded to float16, ties to even. Numbers on their own (scales, counts) and tensors of other types stay as they are.
 * @throws RangeError for a number that is not finite in float16
 */
export const narrowed = (tensors: Readonly<Record<string, NumericArray>>): Record<string, NumericArray> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.dtype === "float32" && tensor.shape.length > 0 ? narrow(name, tensor) : tensor,
    ]),
  );

function narrow(name: string, { shape, data }: NumericArray): NumericArray {
  const half = new Uint16Array(data.length);
  for (let i = 0; i < half.length; i++) {
    const value = Number(data[i]);
    if (!(Math.abs(value) < OVERFLOW))
      throw new RangeError(`${name} holds ${value}, which float16 (at most 65504) cannot`);
    half[i] = halfBits(value);
  }
  return { dtype: "float16", shape, data: half };
}
