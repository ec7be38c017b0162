/**
 * Separable Gaussian of ±3σ, edges repeated, in place on a CHW image.
 * @param rows scratch of side² elements
 */
export function blur(image: Float32Array, side: number, sigma: number, rows: Float32Array): void {
  const kernel = gaussian(sigma, Math.min(side - 1, Math.ceil(3 * sigma)));
  const line = new Float64Array(side + 2 * (kernel.length - 1));
  const area = side * side;
  for (let channel = 0; channel < 3; channel++) {
    const plane = image.subarray(channel * area, (channel + 1) * area);
    convolveTransposed(plane, rows, side, kernel, line);
    convolveTransposed(rows, plane, side, kernel, line);
  }
}

/** Weights 0 … radius of a symmetric kernel whose sum is 1. */
function gaussian(sigma: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const total = 2 * weights.reduce((sum, weight) => sum + weight, 0) - weights[0]!;
  return weights.map((weight) => weight / total);
}

/** Convolves each row and writes it as a column, so that twice is both directions. `line` holds a row and its margins. */
function convolveTransposed(
  from: Float32Array,
  to: Float32Array,
  side: number,
  kernel: Float64Array,
  line: Float64Array,
): void {
  const radius = kernel.length - 1;
  for (let row = 0; row < side; row++) {
    const start = row * side;
    line.fill(from[start]!, 0, radius);
    for (let i = 0; i < side; i++) line[radius + i] = from[start + i]!;
    line.fill(from[start + side - 1]!, radius + side);
    for (let i = 0; i < side; i++) {
      const centre = radius + i;
      let sum = kernel[0]! * line[centre]!;
      for (let k = 1; k <= radius; k++) sum += kernel[k]! * (line[centre - k]! + line[centre + k]!);
      to[i * side + row] = sum;
    }
  }
}
