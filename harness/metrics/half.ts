const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** 1.5·2⁵² units of a half's last place, by a float32's exponent as stored; below 2⁻¹⁴ the unit stays. */
const SHIFTS = Float64Array.from(
  { length: 256 },
  (_, exponent) => 1.5 * 2 ** (42 + Math.max(exponent - 127, -14)),
);

/** The nearest float32, then the nearest IEEE half (ties to even), as kernels that compute halves by floats round. */
export function roundToHalf(x: number): number {
  single[0] = x;
  const value = single[0]!;
  if (Math.abs(value) >= 65520) return value < 0 ? -Infinity : Infinity;
  // Adding so much leaves no room for anything smaller than a unit.
  const shift = SHIFTS[(bits[0]! >>> 23) & 255]!;
  return value + shift - shift;
}
