/**
 * The bilinear resizes of the FID tools, none antialiased: each output is a blend of 2 × 2 source pixels.
 * They differ in where output i lies between them and in how float32 rounds the blend.
 */
import type { Image } from "../../../harness/formats/image.ts";

/** For each output of one axis: the lower source, the higher one, and how far between them it lies, in float32. */
interface Axis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly fraction: Float32Array;
}

const f32 = Math.fround;

function axis(input: number, output: number, position: (i: number) => number): Axis {
  const places = Float32Array.from({ length: output }, (_, i) => position(i));
  const low = Int32Array.from(places, Math.trunc);
  return {
    low,
    high: low.map((at) => Math.min(at + 1, input - 1)),
    fraction: places.map((at, i) => at - low[i]!),
  };
}

/** TensorFlow 1's resize_bilinear (align_corners = false): i·s, no half-pixel offset. */
function tensorflowAxis(input: number, output: number): Axis {
  const scale = f32(input / output);
  return axis(input, output, (i) => f32(i * scale));
}

/** PyTorch's interpolate (align_corners = false): max((i + ½)·s − ½, 0). */
function pytorchAxis(input: number, output: number): Axis {
  const scale = f32(input / output);
  return axis(input, output, (i) => Math.max(0, f32(f32((i + 0.5) * scale) - 0.5)));
}

/**
 * The grid in front of NVIDIA's Inception (stylegan3, EDM): affine_grid moved by 1/w − 1/size, then
 * grid_sample at ((u + 1)·w − 1)/2, clamped to the border. TensorFlow's places but for rounding, which is
 * PyTorch's: a product and a sum are one rounding, as its kernels fuse them.
 */
function nvidiaAxis(input: number, output: number): Axis {
  const shift = f32(f32(1 / input) - f32(1 / output));
  const step = f32(2 / (output - 1));
  const half = Math.trunc(output / 2);
  return axis(input, output, (i) => {
    // torch.linspace counts from the nearer end.
    const line = f32(i < half ? step * i - 1 : 1 - step * (output - 1 - i));
    const u = f32(f32(f32(line * (output - 1)) / output) + shift);
    return Math.min(input - 1, Math.max(0, f32(f32(u + 1) * (input / 2) - 0.5)));
  });
}

/** Every place of two rows blended into `out`, `t` of the way from `a` to `b`. */
type Blend = (a: Float32Array, b: Float32Array, t: Float32Array, out: Float32Array) => void;

/** a + (b − a)·t */
const interpolate: Blend = (a, b, t, out) => {
  for (let i = 0; i < out.length; i++) out[i] = a[i]! + f32(f32(b[i]! - a[i]!) * t[i]!);
};
/** a·(1 − t) + b·t */
const weigh: Blend = (a, b, t, out) => {
  for (let i = 0; i < out.length; i++) out[i] = f32(a[i]! * f32(1 - t[i]!)) + f32(b[i]! * t[i]!);
};

/** Along rows, then between the two rows an output lies between; a source row is blended once. */
const bilinear =
  (axisOf: (input: number, output: number) => Axis, blend: Blend) =>
  ({ data, width, height }: Image, size: number, out: Float32Array, levels: Float32Array): void => {
    const across = axisOf(width, size);
    const down = axisOf(height, size);
    const row = () => new Float32Array(3 * size);
    const [left, right, blended, between] = [row(), row(), row(), row()];
    const fractions = row().map((_, i) => across.fraction[i % size]!);
    // Two neighbouring rows are at hand at a time: one of an even place, one of an odd one.
    const kept = [row(), row()];
    const places = [-1, -1];
    const resized = (y: number): Float32Array => {
      const slot = y % 2;
      if (places[slot] !== y) {
        gather(data, y * width, across.low, levels, left);
        gather(data, y * width, across.high, levels, right);
        blend(left, right, fractions, kept[slot]!);
        places[slot] = y;
      }
      return kept[slot]!;
    };
    for (let y = 0; y < size; y++) {
      between.fill(down.fraction[y]!);
      blend(resized(down.low[y]!), resized(down.high[y]!), between, blended);
      for (let c = 0; c < 3; c++) out.set(blended.subarray(c * size, (c + 1) * size), (c * size + y) * size);
    }
  };

/** The levels of a row's pixels at `places`, planar [3, places.length]. */
function gather(
  data: Uint8Array,
  start: number,
  places: Int32Array,
  levels: Float32Array,
  out: Float32Array,
): void {
  const size = places.length;
  for (let x = 0; x < size; x++) {
    const pixel = (start + places[x]!) * 3;
    out[x] = levels[data[pixel]!]!;
    out[size + x] = levels[data[pixel + 1]!]!;
    out[2 * size + x] = levels[data[pixel + 2]!]!;
  }
}

/** @see Resize */
export const tensorflowBilinear = bilinear(tensorflowAxis, interpolate);
/** @see Resize */
export const pytorchBilinear = bilinear(pytorchAxis, weigh);
/** @see Resize */
export const nvidiaBilinear = bilinear(nvidiaAxis, weigh);
