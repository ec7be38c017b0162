import { applyAll, type Op, type Value } from "../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { sqrt } from "./elementwise.ts";
import { elementwiseCost, requireFloat, requireShape } from "./shared.ts";

/**
 * One AdamW update (Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2, as PyTorch writes it), on moments
 * kept as plain sums m = Σ β₁ᵏ·g, v = Σ β₂ᵏ·g² (Adam's own times 1/(1−β)), which saves three passes.
 * Inputs: θ, gradient g, m, v, and the host's scalars lr, 1/(1−β₁ᵗ), 1/√(1−β₂ᵗ). Outputs θ', m', v':
 * m' = β₁m + g; v' = β₂v + g²; m̂ = m'(1−β₁)/(1−β₁ᵗ); √v̂ = √v'·a, a = √(1−β₂)/√(1−β₂ᵗ);
 * θ' = θ(1 − lr·λ) − lr·m̂/(√v̂ + ε) = θ(1 − lr·λ) − (lr·m̂/a)/(√v' + ε/a).
 */
export const adamwUpdateOp: Op = {
  name: "adamwUpdate",
  shape: ([parameter, ...others]) => {
    requireFloat("adamwUpdate", parameter!, ...others);
    others.forEach((other, i) => {
      requireShape("adamwUpdate", `input ${i + 1}`, other, i < 3 ? parameter!.shape : []);
    });
    return [parameter!, parameter!, parameter!].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  gradient: "decompose",
  cuts: ([parameter]) =>
    [...parameter!.shape.keys()].map((axis) => ({
      inputs: [axis, axis, axis, axis, null, null, null],
      outputs: [axis, axis, axis],
    })),
  // m: 2, v: 3, θ: 6
  cost: elementwiseCost(11),
  onnx: "decompose",
  decompose: ([parameter, g, m, v, lr, correction1, correction2], attributes) => {
    const { beta1, beta2, epsilon, weightDecay } = attributes as Record<string, number>;
    const m2 = add(mul(m!, beta1!), g!);
    const v2 = add(mul(v!, beta2!), mul(g!, g!));
    const a = mul(correction2!, Math.sqrt(1 - beta2!));
    const rate = div(mul(mul(lr!, correction1!), 1 - beta1!), a);
    const direction = div(m2, add(sqrt(v2), div(epsilon!, a)));
    const kept = weightDecay === 0 ? parameter! : mul(parameter!, sub(1, mul(lr!, weightDecay!)));
    return [sub(kept, mul(direction, rate)), m2, v2];
  },
};

export interface AdamWScalars {
  readonly learningRate: Value;
  readonly correction1: Value;
  readonly correction2: Value;
}

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export function adamwUpdate(
  parameter: Value,
  gradient: Value,
  m: Value,
  v: Value,
  { learningRate, correction1, correction2 }: AdamWScalars,
  { beta1, beta2, epsilon, weightDecay }: AdamWSettings,
): { parameter: Value; m: Value; v: Value } {
  const outputs = applyAll(
    adamwUpdateOp,
    [parameter, gradient, m, v, learningRate, correction1, correction2],
    {
      beta1,
      beta2,
      epsilon,
      weightDecay,
    },
  );
  return { parameter: outputs[0]!, m: outputs[1]!, v: outputs[2]! };
}
