/** Convolution, linear and group-norm layers: PyTorch's parameter names and default initialisation. */
import {
  type ConvolutionOptions,
  conv2d,
  groupNorm,
  type Initialiser,
  linear,
  ones,
  type Tracer,
  uniform,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";

/** PyTorch's `kaiming_uniform_(a=√5)` for weights, and its rule for biases: uniform in ±1/√fan_in. */
const byFanIn = (fanIn: number): Initialiser => uniform(1 / Math.sqrt(fanIn));

/** A square convolution `name.weight`, `name.bias`; by default 3×3, stride 1, same size. */
export function convolution(
  p: Tracer,
  name: string,
  x: Value,
  channels: number,
  { kernel = 3, ...options }: ConvolutionOptions & { readonly kernel?: number } = {},
): Value {
  const from = x.shape[1]!;
  const initialiser = byFanIn(from * kernel * kernel);
  const weight = p.parameter(`${name}.weight`, [channels, from, kernel, kernel], initialiser);
  const bias = p.parameter(`${name}.bias`, [channels], initialiser);
  return conv2d(x, weight, bias, { padding: (kernel - 1) / 2, ...options });
}

interface Initialisers {
  readonly weight: Initialiser;
  readonly bias: Initialiser;
}

/** A linear layer `name.weight` [width, from], `name.bias` over the last axis. */
export function dense(
  p: Tracer,
  name: string,
  x: Value,
  width: number,
  initialisers?: Partial<Initialisers>,
): Value {
  const from = x.shape.at(-1)!;
  const weight = p.parameter(`${name}.weight`, [width, from], initialisers?.weight ?? byFanIn(from));
  return linear(x, weight, p.parameter(`${name}.bias`, [width], initialisers?.bias ?? byFanIn(from)));
}

/** Group normalisation `name.weight`, `name.bias`, ε = 1e-6. */
export function normalizeGroups(p: Tracer, name: string, x: Value, groups: number): Value {
  const channels = x.shape[1]!;
  const scale = p.parameter(`${name}.weight`, [channels], ones);
  return groupNorm(x, scale, p.parameter(`${name}.bias`, [channels], zeros), groups, 1e-6);
}
