const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The nearest float32, then the nearest IEEE half (ties to even), as kernels that compute halves by floats round. */
export function roundToHalf(x: number): number {
  single[0] = x;
  const value = single[0]!;
  if (Math.abs(value) >= 65520) return value < 0 ? -Infinity : Infinity;
  const exponent = ((bits[0]! >>> 23) & 255) - 127;
  // Adding 1.5·2⁵² units of a half's last place leaves no room for anything smaller; below 2⁻¹⁴ the unit stays.
  const shift = 1.5 * 2 ** (42 + Math.max(exponent, -14));
  return value + shift - shift;
}
