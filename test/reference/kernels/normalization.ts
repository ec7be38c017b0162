/** Normalisations: (x − μ)/√(var + ε)·γ + β over the elements that share statistics. */
import type { Array64 } from "../array.ts";
import type { Kernel } from "./kernel.ts";

interface Normalized {
  readonly y: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** @param groupOf which statistics, and which scale and bias, element i takes */
function normalize(
  x: Array64,
  scale: Array64,
  bias: Array64,
  epsilon: number,
  groups: number,
  groupOf: (i: number) => readonly [group: number, channel: number],
): Normalized {
  const n = x.data.length / groups;
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  x.data.forEach((value, i) => {
    mean[groupOf(i)[0]]! += value / n;
  });
  x.data.forEach((value, i) => {
    const [group] = groupOf(i);
    variance[group]! += (value - mean[group]!) ** 2 / n;
  });
  const y = x.data.map((value, i) => {
    const [group, channel] = groupOf(i);
    const unit = (value - mean[group]!) / Math.sqrt(variance[group]! + epsilon);
    return unit * scale.data[channel]! + bias.data[channel]!;
  });
  return { y, mean, variance };
}

const layerNorm: Kernel = ([x, scale, bias], _, attributes) => {
  const epsilon = attributes.epsilon as number;
  const width = x!.shape.at(-1)!;
  const { y, mean, variance } = normalize(x!, scale!, bias!, epsilon, x!.data.length / width, (i) => [
    Math.floor(i / width),
    i % width,
  ]);
  return [y, mean, variance.map((value) => 1 / Math.sqrt(value + epsilon))];
};

/** ∂y_j/∂x_i = γ_j·r·(δ_ij − 1/n − x̂_i·x̂_j/n) within a row of n. */
const layerNormGradient: Kernel = ([g, x, scale, mean, inverse]) => {
  const n = x!.shape.at(-1)!;
  const unit = x!.data.map((value, i) => {
    const row = Math.floor(i / n);
    return (value - mean!.data[row]!) * inverse!.data[row]!;
  });
  const dx = new Float64Array(x!.data.length);
  const dScale = new Float64Array(n);
  const dBias = new Float64Array(n);
  g!.data.forEach((slope, at) => {
    const [row, j] = [Math.floor(at / n), at % n];
    for (let i = 0; i < n; i++) {
      const jacobian = Number(i === j) - (1 + unit[row * n + i]! * unit[at]!) / n;
      dx[row * n + i]! += slope * scale!.data[j]! * inverse!.data[row]! * jacobian;
    }
    dScale[j]! += slope * unit[at]!;
    dBias[j]! += slope;
  });
  return [dx, dScale, dBias];
};

const groupNorm: Kernel = ([x, scale, bias], _, attributes) => {
  const { groups, epsilon } = attributes as Record<"groups" | "epsilon", number>;
  const [n, channels] = x!.shape as readonly [number, number];
  const area = x!.data.length / (n * channels);
  const { y } = normalize(x!, scale!, bias!, epsilon, n * groups, (i) => [
    Math.floor(i / (area * (channels / groups))),
    Math.floor(i / area) % channels,
  ]);
  return [y];
};

const batchNorm: Kernel = ([x, scale, bias], _, attributes) => {
  const channels = x!.shape[1]!;
  const { y, mean, variance } = normalize(x!, scale!, bias!, attributes.epsilon as number, channels, (i) => [
    i % channels,
    i % channels,
  ]);
  return [y, mean, variance];
};

export const normalizations = { batchNorm, groupNorm, layerNorm, layerNormGradient } satisfies Record<
  string,
  Kernel
>;
