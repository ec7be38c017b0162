/** Batch norm folded into the convolutions: w' = w·γ/√(var + ε), b' = β − mean·γ/√(var + ε), in float64. */
import { UserError } from "../../../harness/errors.ts";
import type { Tensor, Tensors } from "../../../harness/program/index.ts";
import { CLASSES, FEATURES } from "./network.ts";
import { CONVOLUTIONS, type StateDict } from "./state-dict.ts";

export const EPSILON = 1e-3;

/**
 * The states of `inceptionProgram` from the published tensors.
 * @throws UserError naming a convolution whose numbers are not finite
 */
export function foldedStates(dict: StateDict): Tensors {
  const states: Record<string, Tensor> = {
    "fc.weight": { dtype: "float32", shape: [CLASSES, FEATURES], data: dict.get("fc.weight")! },
    "fc.bias": { dtype: "float32", shape: [CLASSES], data: dict.get("fc.bias")! },
  };
  for (const { name, out, in: channels, kernel } of CONVOLUTIONS) {
    const weight = dict.get(`${name}.conv.weight`)!;
    const norm = (part: string) => dict.get(`${name}.bn.${part}`)!;
    const [gamma, beta, mu] = [norm("weight"), norm("bias"), norm("running_mean")];
    const variance = norm("running_var");
    const taps = weight.length / out;
    const folded = new Float32Array(weight.length);
    const bias = new Float32Array(out);
    for (let channel = 0; channel < out; channel++) {
      const factor = gamma[channel]! / Math.sqrt(variance[channel]! + EPSILON);
      bias[channel] = beta[channel]! - mu[channel]! * factor;
      for (let i = channel * taps; i < (channel + 1) * taps; i++) folded[i] = weight[i]! * factor;
    }
    if (!folded.every(Number.isFinite) || !bias.every(Number.isFinite))
      throw new UserError(`the weights of ${name} are not finite`, "fetch the file again");
    states[`${name}.weight`] = { dtype: "float32", shape: [out, channels, ...kernel], data: folded };
    states[`${name}.bias`] = { dtype: "float32", shape: [out], data: bias };
  }
  return states;
}
