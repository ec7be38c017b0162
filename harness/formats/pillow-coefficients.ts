/** The weights of Pillow's antialiased resizing (≤ 12.3, `precompute_coeffs` in src/libImaging/Resample.c). */

/** Weights of one axis: output i is Σ weights[i·taps + t] · input[first[i] + t] for t < count[i]. */
export interface Coefficients {
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
}

interface Kernel {
  /** Source pixels to either side that count; shrinking widens them to as many target pixels. */
  readonly support: number;
  weight(distance: number): number;
}

const KERNELS = {
  bicubic: { support: 2, weight: cubic },
  box: { support: 0.5, weight: (distance) => (distance > -0.5 && distance <= 0.5 ? 1 : 0) },
} satisfies Readonly<Record<string, Kernel>>;

export type KernelName = keyof typeof KERNELS;

/** Keys' cubic with a = −1/2, in the order of operations Pillow has. */
function cubic(signed: number): number {
  const t = Math.abs(signed);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * -0.5;
  return 0;
}

/** The weights that make `output` pixels of `input`; every output's add to 1. */
export function coefficients(kernel: KernelName, input: number, output: number): Coefficients {
  const { support: reach, weight }: Kernel = KERNELS[kernel];
  const scale = input / output;
  const filterScale = Math.max(scale, 1);
  const support = reach * filterScale;
  const inverse = 1 / filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const weights = new Float64Array(output * taps);
  for (let i = 0; i < output; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const high = Math.min(input, Math.trunc(centre + support + 0.5));
    const row = weights.subarray(i * taps, i * taps + high - low);
    let sum = 0;
    for (let t = 0; t < row.length; t++) {
      row[t] = weight((t + low - centre + 0.5) * inverse);
      sum += row[t]!;
    }
    for (let t = 0; t < row.length; t++) row[t]! /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { taps, first, count, weights };
}
