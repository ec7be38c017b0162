/** Normalisations. Statistics are outputs, so that the backward pass need not compute them again. */
import { apply, applyAll, type Op, ShapeError, sizeOf, type Value } from "../tensor.ts";
import { add, div, mul, square, sub, unbroadcast } from "./arithmetic.ts";
import { constant } from "./constant.ts";
import { sqrt } from "./elementwise.ts";
import { mean, sum } from "./reduction.ts";
import { reshape } from "./shape.ts";
import {
  leadingAxes,
  requireEqual,
  requireFloat,
  requireRank,
  requireRows,
  requireShape,
  sameAxes,
} from "./shared.ts";

/**
 * Layer normalisation over the last axis (arXiv:1607.06450): y = x̂·γ + β, x̂ = (x − μ)·r,
 * r = 1/√(var + ε). Outputs y, μ, r.
 */
export const layerNormOp: Op = {
  name: "layerNorm",
  shape: ([x, scale, bias]) => {
    requireFloat("layerNorm", x!, scale!, bias!);
    requireRows("layerNorm", x!);
    requireShape("layerNorm", "scale", scale!, [x!.shape.at(-1)!]);
    requireShape("layerNorm", "bias", bias!, [x!.shape.at(-1)!]);
    const statistics = { dtype: "float32", shape: x!.shape.with(-1, 1) } as const;
    return [{ dtype: "float32", shape: x!.shape }, statistics, statistics];
  },
  gradient: ({ inputs: [x, scale], outputs: [, mu, inverseDeviation] }, [g]) =>
    applyAll(layerNormGradientOp, [g!, x!, scale!, mu!, inverseDeviation!]),
  cuts: sameAxes(leadingAxes),
  // mean 1, centre 1, square 1, mean 1, divide 1, scale 1, shift 1
  cost: ([x]) => ({ macs: 0, elementwise: 7 * sizeOf(x!.shape) }),
  onnx: (emit, inputs, { attributes }) =>
    emit.node("LayerNormalization", inputs, {
      attributes: { axis: { int: -1 }, epsilon: attributes.epsilon as number },
      outputs: 3,
    }),
  decompose: ([x, scale, bias], { epsilon }) => {
    const mu = mean(x!, [-1], true);
    const centred = sub(x!, mu);
    const variance = mean(square(centred), [-1], true);
    const inverseDeviation = div(1, sqrt(add(variance, epsilon as number)));
    return [add(mul(mul(centred, inverseDeviation), scale!), bias!), mu, inverseDeviation];
  },
};

/** ∂x = r·(ĝ − mean ĝ − x̂·mean(ĝ·x̂)), ĝ = g·γ; ∂γ = Σ g·x̂; ∂β = Σ g: of `layerNorm`, from g, x, γ, μ and r. */
export const layerNormGradientOp: Op = {
  name: "layerNormGradient",
  shape: ([g, x, scale, mu, inverseDeviation]) => {
    requireFloat("layerNormGradient", g!, x!, scale!, mu!, inverseDeviation!);
    const [y, statistics] = layerNormOp.shape([x!, scale!, scale!], {});
    requireShape("layerNormGradient", "g", g!, y!.shape);
    requireShape("layerNormGradient", "μ", mu!, statistics!.shape);
    requireShape("layerNormGradient", "r", inverseDeviation!, statistics!.shape);
    return [x!, scale!, scale!].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  gradient: "decompose",
  cuts: ([, x]) =>
    leadingAxes(x!.shape).map((axis) => ({
      inputs: [axis, axis, null, axis, axis],
      outputs: [axis, "sum", "sum"],
    })),
  // x̂ 2, ĝ 1, mean ĝ 1, mean(ĝ·x̂) 2, ∂x 4, ∂γ 2, ∂β 1
  cost: ([, x]) => ({ macs: 0, elementwise: 13 * sizeOf(x!.shape) }),
  onnx: "decompose",
  decompose: ([g, x, scale, mu, inverseDeviation]) => {
    const normalized = mul(sub(x!, mu!), inverseDeviation!);
    const scaled = mul(g!, scale!);
    const centred = sub(
      sub(scaled, mean(scaled, [-1], true)),
      mul(normalized, mean(mul(scaled, normalized), [-1], true)),
    );
    return [
      mul(centred, inverseDeviation!),
      unbroadcast(mul(g!, normalized), scale!),
      unbroadcast(g!, scale!),
    ];
  },
};

const filled = (n: number, value: number): Value =>
  constant({ dtype: "float32", shape: [n], data: new Float32Array(n).fill(value) });

/** Layer normalisation of the last axis; without scale and bias it is not affine. */
export function layerNorm(x: Value, scale?: Value, bias?: Value, epsilon = 1e-5): Value {
  const width = x.shape.at(-1)!;
  return applyAll(layerNormOp, [x, scale ?? filled(width, 1), bias ?? filled(width, 0)], { epsilon })[0]!;
}

/**
 * Group normalisation of x [N, C, …] (arXiv:1803.08494): each of `groups` runs of channels is
 * normalised by its own mean and variance; scale and bias a channel.
 */
export const groupNormOp: Op = {
  name: "groupNorm",
  shape: ([x, scale, bias], { groups }) => {
    requireFloat("groupNorm", x!, scale!, bias!);
    if (x!.shape.length < 2) throw new ShapeError(`groupNorm: expected rank ≥ 2, got shape [${x!.shape}]`);
    requireEqual("groupNorm", "channels modulo groups and 0", x!.shape[1]! % (groups as number), 0);
    requireShape("groupNorm", "scale", scale!, [x!.shape[1]!]);
    requireShape("groupNorm", "bias", bias!, [x!.shape[1]!]);
    return [{ dtype: "float32", shape: x!.shape }];
  },
  // ∂x = g·γ·r − (x̂·r·mean(ĝ·x̂) + r·mean ĝ), ĝ = g·γ: the means are of sums a channel, which ∂γ and ∂β need too.
  gradient: ({ inputs: [x, scale], attributes }, [g]) => {
    const groups = attributes.groups as number;
    const [n, channels] = x!.shape as readonly [number, number];
    const { grouped } = groupShapes(x!, groups);
    const [rows, elements] = grouped as [number, number];
    const positions = [n, channels, sizeOf(x!.shape) / (n * channels)];
    const unit = normalizeGroups(x!, attributes as unknown as GroupNormAttributes);
    const r = groupDeviation(reshape(x!, grouped), attributes.epsilon as number);
    const gradient = reshape(g!, positions);
    const sums = sum(gradient, [2]);
    const sumsWithUnit = sum(mul(gradient, reshape(unit, positions)), [2]);
    const groupMean = (sums: Value) =>
      mul(sum(reshape(mul(sums, scale!), [rows, channels / groups]), [1], true), 1 / elements);
    const factor = mul(reshape(r, [n, groups, 1]), reshape(scale!, [groups, channels / groups]));
    const direct = mul(gradient, reshape(factor, [n, channels, 1]));
    const common = add(mul(unit, mul(r, groupMean(sumsWithUnit))), mul(r, groupMean(sums)));
    return [reshape(sub(reshape(direct, grouped), common), x!.shape), sum(sumsWithUnit, [0]), sum(sums, [0])];
  },
  cuts: sameAxes(() => [0]),
  cost: ([x]) => ({ macs: 0, elementwise: 7 * sizeOf(x!.shape) }),
  onnx: "decompose",
  decompose: ([x, scale, bias], attributes) => {
    const { perChannel } = groupShapes(x!, attributes.groups as number);
    const normalized = reshape(normalizeGroups(x!, attributes as unknown as GroupNormAttributes), x!.shape);
    return [add(mul(normalized, reshape(scale!, perChannel)), reshape(bias!, perChannel))];
  },
};

interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
}

function groupShapes(x: Value, groups: number): { perChannel: number[]; grouped: number[] } {
  const [n, channels] = x.shape as readonly [number, number];
  return {
    perChannel: [channels, ...x.shape.slice(2).map(() => 1)],
    grouped: [n * groups, sizeOf(x.shape) / (n * groups)],
  };
}

/** x̂ as [N·groups, elements of a group]: a layer normalisation of each group. */
function normalizeGroups(x: Value, { groups, epsilon }: GroupNormAttributes): Value {
  const { grouped } = groupShapes(x, groups);
  return layerNorm(reshape(x, grouped), undefined, undefined, epsilon);
}

/** 1/√(var + ε) of each row: the third output of the same layer normalisation. */
function groupDeviation(rows: Value, epsilon: number): Value {
  const width = rows.shape[1]!;
  return applyAll(layerNormOp, [rows, filled(width, 1), filled(width, 0)], { epsilon })[2]!;
}

export const groupNorm = (x: Value, scale: Value, bias: Value, groups: number, epsilon = 1e-6): Value =>
  apply(groupNormOp, [x, scale, bias], { groups, epsilon });

/**
 * Batch normalisation of x [N, C] by the batch's own statistics (arXiv:1502.03167).
 * Outputs y, mean, biased variance. Running statistics are the caller's state.
 */
export const batchNormOp: Op = {
  name: "batchNorm",
  shape: ([x, scale, bias]) => {
    requireFloat("batchNorm", x!, scale!, bias!);
    requireRank("batchNorm", x!, 2);
    requireShape("batchNorm", "scale", scale!, [x!.shape[1]!]);
    requireShape("batchNorm", "bias", bias!, [x!.shape[1]!]);
    const statistics = { dtype: "float32", shape: [x!.shape[1]!] } as const;
    return [{ dtype: "float32", shape: x!.shape }, statistics, statistics];
  },
  gradient: ({ inputs: [x, scale], outputs: [, mu, variance], attributes }, [g]) => {
    const inverse = div(1, sqrt(add(variance!, attributes.epsilon as number)));
    const normalized = mul(sub(x!, mu!), inverse);
    const centred = sub(sub(g!, mean(g!, [0])), mul(normalized, mean(mul(g!, normalized), [0])));
    return [mul(centred, mul(inverse, scale!)), sum(mul(g!, normalized), [0]), sum(g!, [0])];
  },
  cost: ([x]) => ({ macs: 0, elementwise: 7 * sizeOf(x!.shape) }),
  onnx: "decompose",
  decompose: ([x, scale, bias], { epsilon }) => {
    const mu = mean(x!, [0]);
    const variance = mean(square(sub(x!, mu)), [0]);
    return [batchNormWith(x!, scale!, bias!, mu, variance, epsilon as number), mu, variance];
  },
};

export interface BatchNormOutputs {
  readonly y: Value;
  readonly mean: Value;
  /** Divided by N, not N − 1. */
  readonly variance: Value;
}

/** Batch normalisation by the batch's own statistics, which are returned beside it. */
export function batchNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): BatchNormOutputs {
  const [y, mu, variance] = applyAll(batchNormOp, [x, scale, bias], { epsilon });
  return { y: y!, mean: mu!, variance: variance! };
}

/** Batch normalisation by given statistics (evaluation mode). */
export const batchNormWith = (
  x: Value,
  scale: Value,
  bias: Value,
  mu: Value,
  variance: Value,
  epsilon = 1e-5,
): Value => add(mul(sub(x, mu), mul(scale, div(1, sqrt(add(variance, epsilon))))), bias);
