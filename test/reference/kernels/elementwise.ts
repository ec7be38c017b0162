/** y[i] = f(a[i], b[i], …), operands repeated to the output's shape. */
import { type Array64, expand } from "../array.ts";
import { erf } from "../erf.ts";
import type { Kernel } from "./kernel.ts";

const unary =
  (f: (x: number) => number): Kernel =>
  ([x]) => [x!.data.map(f)];

const binary =
  (f: (a: number, b: number) => number): Kernel =>
  ([a, b], [shape]) => {
    const right = expand(b!, shape!);
    return [expand(a!, shape!).map((value, i) => f(value, right[i]!))];
  };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The standard normal distribution function. */
const normalCdf = (x: number): number => 0.5 * (1 + erf(x * Math.SQRT1_2));

const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** g·f'(x) */
const slope = (f: (x: number) => number): Kernel => binary((g, x) => g * f(x));

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

const geluTanhSlope = (x: number): number => {
  const t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);
};

const where: Kernel = ([condition, a, b], [shape]) => {
  const [yes, no] = [expand(a!, shape!), expand(b!, shape!)];
  return [expand(condition!, shape!).map((chosen, i) => (chosen ? yes[i]! : no[i]!))];
};

const cast: Kernel = ([x], _, { to }) => {
  if (to === "int32") return [x!.data.map(Math.trunc)];
  if (to === "bool") return [x!.data.map((value) => Number(value !== 0))];
  return [x!.data];
};

/** θ' = θ(1 − lr·λ) − lr·m̂/(√v̂ + ε), m̂ = m'(1−β₁)/(1−β₁ᵗ), v̂ = v'(1−β₂)/(1−β₂ᵗ). */
const adamwUpdate: Kernel = (inputs, _, attributes) => {
  const [parameter, gradient, m, v, lr, correction1, correction2] = inputs as readonly Array64[] & {
    length: 7;
  };
  const { beta1, beta2, epsilon, weightDecay } = attributes as Record<string, number>;
  const [rate, c1, c2] = [lr!.data[0]!, correction1!.data[0]!, correction2!.data[0]!];
  const m2 = m!.data.map((before, i) => beta1! * before + gradient!.data[i]!);
  const v2 = v!.data.map((before, i) => beta2! * before + gradient!.data[i]! ** 2);
  const next = parameter!.data.map((before, i) => {
    const unbiased = m2[i]! * (1 - beta1!) * c1;
    const step = unbiased / (Math.sqrt(v2[i]! * (1 - beta2!)) * c2 + epsilon!);
    return before - rate * weightDecay! * before - rate * step;
  });
  return [next, m2, v2];
};

export const elementwise = {
  abs: unary(Math.abs),
  adamwUpdate,
  add: binary((a, b) => a + b),
  cast,
  clip: ([x], _, { low, high }) => [
    x!.data.map((value) => Math.min(Math.max(value, low as number), high as number)),
  ],
  cos: unary(Math.cos),
  div: binary((a, b) => a / b),
  equal: binary((a, b) => Number(a === b)),
  erf: unary(erf),
  exp: unary(Math.exp),
  floor: unary(Math.floor),
  gelu: unary((x) => x * normalCdf(x)),
  geluGradient: slope((x) => normalCdf(x) + x * density(x)),
  geluTanh: unary(geluTanh),
  geluTanhGradient: slope(geluTanhSlope),
  greater: binary((a, b) => Number(a > b)),
  greaterEqual: binary((a, b) => Number(a >= b)),
  log: unary(Math.log),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  mul: binary((a, b) => a * b),
  neg: unary((x) => -x),
  pow: binary((a, b) => a ** b),
  relu: unary((x) => Math.max(x, 0)),
  sigmoid: unary(sigmoid),
  sign: unary(Math.sign),
  silu: unary((x) => x * sigmoid(x)),
  siluGradient: slope((x) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))),
  sin: unary(Math.sin),
  sqrt: unary(Math.sqrt),
  stopGradient: ([x]) => [x!.data],
  sub: binary((a, b) => a - b),
  tanh: unary(Math.tanh),
  where,
} satisfies Record<string, Kernel>;
