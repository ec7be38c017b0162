/**
 * Pillow's bicubic resize of float channels ("mode F"), as clean-fid uses it: antialiased Catmull–Rom,
 * horizontal pass first, float64 coefficients and sums, one float32 store a pass, clipped to [0, 255]
 * and not rounded. Bit-exact against Pillow ≤ 12.3, `ImagingResample` in src/libImaging/Resample.c.
 */
import type { Image } from "../../../harness/formats/image.ts";
import { type Coefficients, coefficients } from "../../../harness/formats/pillow-coefficients.ts";

/** Interleaved uint8 [height, width, 3] → planar f32 [3, height, output]. */
function resizeRows(
  pixels: Uint8Array,
  height: number,
  width: number,
  { taps, first, count, weights }: Coefficients,
  out: Float32Array,
): void {
  const output = first.length;
  const plane = height * output;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < output; x++) {
      let source = (y * width + first[x]!) * 3;
      let red = 0;
      let green = 0;
      let blue = 0;
      const start = x * taps;
      const end = start + count[x]!;
      for (let t = start; t < end; t++, source += 3) {
        const weight = weights[t]!;
        red += pixels[source]! * weight;
        green += pixels[source + 1]! * weight;
        blue += pixels[source + 2]! * weight;
      }
      const target = y * output + x;
      out[target] = red;
      out[target + plane] = green;
      out[target + 2 * plane] = blue;
    }
  }
}

/** The same without resampling. */
function copyRows(pixels: Uint8Array, plane: number, out: Float32Array): void {
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) out[c * plane + i] = pixels[i * 3 + c]!;
  }
}

/**
 * One row of sums of source rows, four taps at a time so that a sum is loaded and stored once for four
 * products; they are added in tap order, so the bits are those of one tap after the other. Missing taps
 * of the last four have weight 0, which changes no sum.
 */
function sumRows(
  plane: Float32Array,
  width: number,
  y: number,
  { taps, first, count, weights }: Coefficients,
  sums: Float64Array,
): void {
  const low = first[y]!;
  const n = count[y]!;
  sums.fill(0);
  for (let t = 0; t < n; t += 4) {
    const w = y * taps + t;
    const w0 = weights[w]!;
    const w1 = t + 1 < n ? weights[w + 1]! : 0;
    const w2 = t + 2 < n ? weights[w + 2]! : 0;
    const w3 = t + 3 < n ? weights[w + 3]! : 0;
    const p0 = (low + t) * width;
    const p1 = (low + Math.min(t + 1, n - 1)) * width;
    const p2 = (low + Math.min(t + 2, n - 1)) * width;
    const p3 = (low + Math.min(t + 3, n - 1)) * width;
    for (let x = 0; x < width; x++) {
      sums[x] =
        sums[x]! + plane[p0 + x]! * w0 + plane[p1 + x]! * w1 + plane[p2 + x]! * w2 + plane[p3 + x]! * w3;
    }
  }
}

/** One plane f32 [height, width] → [output, width]. */
function resizeColumns(
  plane: Float32Array,
  width: number,
  axis: Coefficients,
  sums: Float64Array,
  out: Float32Array,
): void {
  for (let y = 0; y < axis.first.length; y++) {
    sumRows(plane, width, y, axis, sums);
    out.set(sums, y * width);
  }
}

/** @see Resize */
export function pilBicubic({ data, height, width }: Image, size: number, out: Float32Array): void {
  const horizontal = width === size ? null : coefficients("bicubic", width, size);
  const vertical = height === size ? null : coefficients("bicubic", height, size);
  const rows = new Float32Array(3 * height * size);
  if (horizontal) resizeRows(data, height, width, horizontal, rows);
  else copyRows(data, height * width, rows);
  const sums = new Float64Array(size);
  for (let c = 0; c < 3; c++) {
    const plane = rows.subarray(c * height * size, (c + 1) * height * size);
    const target = out.subarray(c * size * size, (c + 1) * size * size);
    if (vertical) resizeColumns(plane, size, vertical, sums, target);
    else target.set(plane);
  }
  for (let i = 0; i < out.length; i++) out[i] = Math.min(255, Math.max(0, out[i]!));
}
