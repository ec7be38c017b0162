/**
 * EfficientNet-Lite0 (Tan & Le, arXiv:1905.11946; the Lite variant has no squeeze-excitation and ReLU6):
 * images → 1,280 pooled features and 1,000 ImageNet logits. Batch norms are folded into the convolutions.
 */
import {
  add,
  clip,
  conv2d,
  linear,
  mean,
  type Program,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";

/** `layers.json`: every convolution in order. */
export interface Layers {
  readonly input: readonly [number, number];
  readonly bn_eps: number;
  readonly classes: number;
  readonly fc: { readonly weight: string; readonly bias: string };
  readonly layers: readonly { readonly ops: readonly Convolution[]; readonly skip: boolean }[];
}

interface Convolution {
  readonly weight: string;
  readonly out: number;
  readonly in: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
  /** Left, right, top, bottom. */
  readonly padLRTB: readonly [number, number, number, number];
  readonly bn: string;
  readonly act: "relu6" | null;
}

function convolution(p: Tracer, x: Value, op: Convolution): Value {
  const weight = p.state(op.weight, [op.out, op.in / op.groups, op.kernel, op.kernel], zeros);
  const bias = p.state(`${op.bn}.folded_bias`, [op.out], zeros);
  const y = conv2d(x, weight, bias, { stride: op.stride, padding: op.padLRTB, groups: op.groups });
  return op.act === "relu6" ? clip(y, 0, 6) : y;
}

/** Input `x` [batch, 3, 224, 224], preprocessed; outputs `features` [batch, 1280] and `logits` [batch, 1000]. */
export const efficientNetLite0 = ({ input, layers, fc, classes }: Layers, batch: number): Program =>
  trace("efficientnet-lite0", (p) => {
    let x = p.input("x", [batch, 3, ...input]);
    for (const { ops, skip } of layers) {
      const y = ops.reduce((value, op) => convolution(p, value, op), x);
      x = skip ? add(x, y) : y;
    }
    const features = mean(x, [2, 3]);
    const width = features.shape[1]!;
    p.output("features", features);
    p.output(
      "logits",
      linear(features, p.state(fc.weight, [classes, width], zeros), p.state(fc.bias, [classes], zeros)),
    );
  });

/**
 * The network's states from the published ones: w' = w·γ/√(var+ε), b' = β − mean·γ/√(var+ε), in float64.
 * @param read a published tensor, widened from float16
 */
export function foldedStates({ layers, fc, bn_eps }: Layers, read: (name: string) => Tensor): Tensors {
  const states: Record<string, Tensor> = { [fc.weight]: read(fc.weight), [fc.bias]: read(fc.bias) };
  for (const { weight, bn } of layers.flatMap(({ ops }) => ops)) {
    const kernel = read(weight);
    const part = (name: string) => read(`${bn}.${name}`).data;
    const [gamma, beta, mu, variance] = [
      part("weight"),
      part("bias"),
      part("running_mean"),
      part("running_var"),
    ];
    const channels = gamma.length;
    const taps = kernel.data.length / channels;
    const folded = new Float32Array(kernel.data.length);
    const bias = new Float32Array(channels);
    for (let channel = 0; channel < channels; channel++) {
      const factor = gamma[channel]! / Math.sqrt(variance[channel]! + bn_eps);
      bias[channel] = beta[channel]! - mu[channel]! * factor;
      for (let tap = 0; tap < taps; tap++)
        folded[channel * taps + tap] = kernel.data[channel * taps + tap]! * factor;
    }
    states[weight] = { ...kernel, data: folded };
    states[`${bn}.folded_bias`] = { dtype: "float32", shape: [channels], data: bias };
  }
  return states;
}
