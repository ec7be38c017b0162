import { applyAll, type Op, type Value } from "../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { sqrt } from "./elementwise.ts";
import { elementwiseCost, requireFloat, requireShape } from "./shared.ts";

/**
 * One AdamW update (Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2, as PyTorch writes it).
 * Inputs: θ, gradient g, m, v, and the host's scalars lr, 1/(1−β₁ᵗ), 1/√(1−β₂ᵗ). Outputs θ', m', v':
 * m' = m + (1−β₁)(g − m); v' = v + (1−β₂)(g² − v);
 * θ' = θ·(1 − lr·λ) − lr/(1−β₁ᵗ) · m' / (√v'/√(1−β₂ᵗ) + ε).
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
  gradient: () => {
    throw new Error("adamwUpdate: is not differentiated; decompose it first");
  },
  // m: 3, v: 4, θ: 7
  cost: elementwiseCost(14),
  onnx: "decompose",
  decompose: ([parameter, g, m, v, lr, correction1, correction2], attributes) => {
    const { beta1, beta2, epsilon, weightDecay } = attributes as Record<string, number>;
    const m2 = add(m!, mul(sub(g!, m!), 1 - beta1!));
    const v2 = add(mul(v!, beta2!), mul(mul(g!, g!), 1 - beta2!));
    const direction = div(m2, add(mul(sqrt(v2), correction2!), epsilon!));
    const kept = weightDecay === 0 ? parameter! : mul(parameter!, sub(1, mul(lr!, weightDecay!)));
    return [sub(kept, mul(direction, mul(lr!, correction1!))), m2, v2];
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
