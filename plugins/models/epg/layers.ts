/** The layers both halves of EPG are made of. Linear weights are [out, in]. */
import {
  add,
  attention,
  batchNorm,
  batchNormWith,
  gelu,
  type Initialiser,
  layerNorm,
  linear,
  mul,
  ones,
  relu,
  reshape,
  type Shape,
  split,
  type Tracer,
  transpose,
  type Value,
  xavierUniform,
  zeros,
} from "../../../harness/program/index.ts";

interface DenseOptions {
  readonly bias?: boolean;
  readonly initialiser?: Initialiser;
  /** The weight's shape under its published name, where it is not [to, from]. */
  readonly storedShape?: Shape;
}

/** x·Wᵀ + b over the last axis; Xavier-uniform weight, zero bias. */
export function dense(p: Tracer, name: string, x: Value, to: number, options: DenseOptions = {}): Value {
  const from = x.shape.at(-1)!;
  const { bias = true, initialiser = xavierUniform(from, to), storedShape = [to, from] } = options;
  const weight = reshape(p.parameter(`${name}.weight`, storedShape, initialiser), [to, from]);
  return linear(x, weight, bias ? p.parameter(`${name}.bias`, [to], zeros) : undefined);
}

/** LayerNorm of the last axis, eps 1e-5, affine. */
export function norm(p: Tracer, name: string, x: Value): Value {
  const shape = [x.shape.at(-1)!];
  return layerNorm(x, p.parameter(`${name}.weight`, shape, ones), p.parameter(`${name}.bias`, shape, zeros));
}

/**
 * Multi-head self-attention, one product for q, k and v (without bias), scale (width/heads)^−½.
 * @param separateBounds initialise q, k and v as three matrices, as pre-training does
 */
export function attend(p: Tracer, x: Value, heads: number, separateBounds: boolean): Value {
  const [batch, tokens, width] = x.shape as readonly [number, number, number];
  const initialiser = xavierUniform(width, separateBounds ? width : 3 * width);
  const qkv = reshape(dense(p, "qkv", x, 3 * width, { bias: false, initialiser }), [
    batch,
    tokens,
    3,
    heads,
    width / heads,
  ]);
  const [q, k, v] = split(transpose(qkv, [2, 0, 3, 1, 4]), 0, 3).map((part) =>
    reshape(part, [batch, heads, tokens, width / heads]),
  ) as [Value, Value, Value];
  const attended = reshape(transpose(attention(q, k, v), [0, 2, 1, 3]), [batch, tokens, width]);
  return dense(p, "proj", attended, width);
}

/** Linear ×4, exact GELU, linear. */
export function feedForward(p: Tracer, x: Value): Value {
  const width = x.shape.at(-1)!;
  return dense(p, "fc2", gelu(dense(p, "fc1", x, 4 * width)), width);
}

export interface ProjectorShape {
  readonly layers: number;
  readonly hidden: number;
  readonly out: number;
}

/** Mean and biased variance of each BatchNorm of a projector, by its name, for one batch. */
export type BatchStatistics = ReadonlyMap<string, { readonly mean: Value; readonly variance: Value }>;

/**
 * The projector: bias-free linears, BatchNorm + ReLU between. z [batch, width] → [batch, out].
 * @param mode "batch": normalise by this batch's statistics, which are returned; "running": by the running ones
 */
export function project(
  p: Tracer,
  { layers, hidden, out }: ProjectorShape,
  z: Value,
  mode: "batch" | "running",
): { readonly output: Value; readonly statistics: BatchStatistics } {
  const statistics = new Map<string, { mean: Value; variance: Value }>();
  let x = z;
  for (let i = 0; i < layers - 1; i++) {
    x = dense(p, `projection_head.${3 * i}`, x, hidden, { bias: false });
    const name = `projection_head.${3 * i + 1}`;
    const scale = p.parameter(`${name}.weight`, [hidden], ones);
    const bias = p.parameter(`${name}.bias`, [hidden], zeros);
    const runningMean = p.state(`${name}.running_mean`, [hidden], zeros);
    const runningVariance = p.state(`${name}.running_var`, [hidden], ones);
    if (mode === "batch") {
      const normalised = batchNorm(x, scale, bias);
      statistics.set(name, normalised);
      x = relu(normalised.y);
    } else x = relu(batchNormWith(x, scale, bias, runningMean, runningVariance));
  }
  return { output: dense(p, `projection_head.${3 * (layers - 1)}`, x, out, { bias: false }), statistics };
}

/** PyTorch's BatchNorm momentum. */
const MOMENTUM = 0.1;

/** Running statistics after batches of `n`, in order: r ← .9·r + .1·batch, variances unbiased (n/(n−1)). */
export function updateRunningStatistics(p: Tracer, batches: readonly BatchStatistics[], n: number): void {
  for (const name of batches[0]!.keys()) {
    let runningMean = p.read(`${name}.running_mean`);
    let runningVariance = p.read(`${name}.running_var`);
    for (const batch of batches) {
      const { mean, variance } = batch.get(name)!;
      runningMean = add(mul(runningMean, 1 - MOMENTUM), mul(mean, MOMENTUM));
      runningVariance = add(mul(runningVariance, 1 - MOMENTUM), mul(variance, (MOMENTUM * n) / (n - 1)));
    }
    p.update(`${name}.running_mean`, runningMean);
    p.update(`${name}.running_var`, runningVariance);
  }
}
