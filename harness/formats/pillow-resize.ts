/**
 * Pillow's resize of 8-bit RGB images, to the bit: weights in fixed point, rows first and then columns, each
 * pass rounded to bytes (≤ 12.3, `ImagingResample` in src/libImaging/Resample.c; from 13.0 on the order of the
 * passes depends on the image).
 */
import type { Image } from "./image.ts";
import { type Coefficients, coefficients, type KernelName } from "./pillow-coefficients.ts";

/** Bits of a weight below the point: 32, less 8 of a pixel and 2 for what overshoots. */
const PRECISION = 22;
const HALF = 2 ** (PRECISION - 1);

interface FixedCoefficients extends Omit<Coefficients, "weights"> {
  readonly weights: Int32Array;
}

/** `Image.resize((width, height), kernel)`: the aspect ratio is not kept. */
export function pillowResize(image: Image, width: number, height: number, kernel: KernelName): Image {
  const wide = image.width === width ? image : resizeRows(image, fixed(kernel, image.width, width));
  return wide.height === height ? wide : resizeColumns(wide, fixed(kernel, wide.height, height));
}

/** Rounded half away from 0. */
function fixed(kernel: KernelName, input: number, output: number): FixedCoefficients {
  const { weights, ...places } = coefficients(kernel, input, output);
  const round = (weight: number): number => Math.trunc(weight * 2 ** PRECISION + (weight < 0 ? -0.5 : 0.5));
  return { ...places, weights: Int32Array.from(weights, round) };
}

function resizeRows({ data, width, height }: Image, axis: FixedCoefficients): Image {
  const { taps, first, count, weights } = axis;
  const output = first.length;
  const out = new Uint8ClampedArray(height * output * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < output; x++) {
      let source = (y * width + first[x]!) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = x * taps + count[x]!;
      for (let t = x * taps; t < end; t++, source += 3) {
        const weight = weights[t]!;
        red += data[source]! * weight;
        green += data[source + 1]! * weight;
        blue += data[source + 2]! * weight;
      }
      const target = (y * output + x) * 3;
      out[target] = red >> PRECISION;
      out[target + 1] = green >> PRECISION;
      out[target + 2] = blue >> PRECISION;
    }
  }
  return { data: new Uint8Array(out.buffer), width: output, height };
}

function resizeColumns({ data, width }: Image, axis: FixedCoefficients): Image {
  const { taps, first, count, weights } = axis;
  const height = first.length;
  const row = width * 3;
  const out = new Uint8ClampedArray(height * row);
  const sums = new Int32Array(row);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let t = 0; t < count[y]!; t++) {
      const weight = weights[y * taps + t]!;
      const source = (first[y]! + t) * row;
      for (let i = 0; i < row; i++) sums[i]! += data[source + i]! * weight;
    }
    for (let i = 0; i < row; i++) out[y * row + i] = sums[i]! >> PRECISION;
  }
  return { data: new Uint8Array(out.buffer), width, height };
}
