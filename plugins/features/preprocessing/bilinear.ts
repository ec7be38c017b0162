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

/** a + (b − a)·t */
const interpolate = (a: number, b: number, t: number): number => f32(a + f32(f32(b - a) * t));
/** a·(1 − t) + b·t */
const weigh = (a: number, b: number, t: number): number => f32(f32(a * f32(1 - t)) + f32(b * t));

type Blend = (a: number, b: number, t: number) => number;

/** Along rows, then between the two rows an output lies between; a source row is blended once. */
const bilinear =
  (axisOf: (input: number, output: number) => Axis, blend: Blend) =>
  ({ data, width, height }: Image, size: number, out: Float32Array, levels: Float32Array): void => {
    const across = axisOf(width, size);
    const down = axisOf(height, size);
    let kept = new Map<number, Float32Array>();
    const row = (y: number): Float32Array => {
      const known = kept.get(y);
      if (known) return known;
      const made = new Float32Array(3 * size);
      for (let x = 0; x < size; x++) {
        const left = (y * width + across.low[x]!) * 3;
        const right = (y * width + across.high[x]!) * 3;
        for (let c = 0; c < 3; c++)
          made[c * size + x] = blend(
            levels[data[left + c]!]!,
            levels[data[right + c]!]!,
            across.fraction[x]!,
          );
      }
      return made;
    };
    for (let y = 0; y < size; y++) {
      const [low, high] = [down.low[y]!, down.high[y]!];
      const [top, bottom] = [row(low), row(high)];
      kept = new Map([
        [low, top],
        [high, bottom],
      ]);
      const t = down.fraction[y]!;
      for (let c = 0; c < 3; c++)
        for (let x = 0; x < size; x++)
          out[(c * size + y) * size + x] = blend(top[c * size + x]!, bottom[c * size + x]!, t);
    }
  };

/** @see Resize */
export const tensorflowBilinear = bilinear(tensorflowAxis, interpolate);
/** @see Resize */
export const pytorchBilinear = bilinear(pytorchAxis, weigh);
/** @see Resize */
export const nvidiaBilinear = bilinear(nvidiaAxis, weigh);
