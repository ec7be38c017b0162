/**
 * LPIPS, version 0.1: how far two images are apart to a network that classifies, weighted as people judge (Zhang et al.,
 * arXiv:1801.03924 eq. 1; richzhang/PerceptualSimilarity `lpips/lpips.py`), under that package's parameter names.
 */
import {
  add,
  concat,
  constant,
  conv2d,
  div,
  maximum,
  maxPool2d,
  mean,
  mul,
  pad,
  relu,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tracer,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";
import type { PerceptualNet } from "./perceptual-nets.ts";

/** Of RGB in [−1, 1], as the package stores it: in float32. */
const channelConstant = (...values: readonly number[]): Value =>
  constant({ dtype: "float32", shape: [1, 3, 1, 1], data: Float32Array.from(values) });

/** Images [N, 3, H, W] in [−1, 1] → the activations after ReLU that are compared, finest first. */
export function perceptualFeatures(p: Tracer, net: PerceptualNet, images: Value): readonly Value[] {
  const shift = channelConstant(-0.03, -0.088, -0.188);
  let x = div(sub(images, shift), channelConstant(0.458, 0.448, 0.45));
  return net.slices.map(({ pool, layers }, k) => {
    if (pool) x = pooled(x, pool);
    for (const layer of layers) {
      const name = `net.slice${k + 1}.${layer.index}`;
      if ("channels" in layer) x = convolution(p, name, x, layer);
      else {
        const squeezed = convolution(p, `${name}.squeeze`, x, pointwise(layer.squeeze));
        const near = convolution(p, `${name}.expand1x1`, squeezed, pointwise(layer.expand));
        const wide = { channels: layer.expand, kernel: 3, stride: 1, padding: 1 };
        x = concat([near, convolution(p, `${name}.expand3x3`, squeezed, wide)], 1);
      }
    }
    return x;
  });
}

interface Kernel {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

const pointwise = (channels: number): Kernel => ({ channels, kernel: 1, stride: 1, padding: 0 });

function convolution(
  p: Tracer,
  name: string,
  x: Value,
  { channels, kernel, stride, padding }: Kernel,
): Value {
  const weight = p.parameter(`${name}.weight`, [channels, x.shape[1]!, kernel, kernel], zeros);
  return relu(conv2d(x, weight, p.parameter(`${name}.bias`, [channels], zeros), { stride, padding }));
}

/** With `ceil` a last window that only its first part fills counts too: a zero more changes no maximum, as none is negative. */
function pooled(x: Value, { kernel, ceil }: { readonly kernel: number; readonly ceil: boolean }): Value {
  const fits = (axis: number) => !ceil || (x.shape[axis]! - kernel) % 2 === 0;
  const tall = fits(2) ? x : pad(x, 2, 0, 1);
  return maxPool2d(fits(3) ? tall : pad(tall, 3, 0, 1), { kernel, stride: 2 });
}

/** Of all channels at each place; what is below any float's rounding keeps the root's gradient finite where all are 0. */
function normalized(features: Value): Value {
  const norm = sqrt(maximum(sum(square(features), [1], true), 1e-30));
  return div(features, add(norm, 1e-10));
}

/**
 * What images x and y differ by at each place of each layer, each [N, h, w].
 * @param p where the weights are: the net's and those of the linear layers, which are given, never drawn
 */
export function perceptualMaps(p: Tracer, net: PerceptualNet, x: Value, y: Value): readonly Value[] {
  const other = perceptualFeatures(p, net, y);
  return perceptualFeatures(p, net, x).map((features, k) => {
    const channels = features.shape[1]!;
    const weight = p.parameter(`lin${k}.model.1.weight`, [1, channels, 1, 1], zeros);
    const difference = square(sub(normalized(features), normalized(other[k]!)));
    return sum(mul(difference, reshape(weight, [channels, 1, 1])), [1]);
  });
}

/** The layers' terms of the distance, each [N]. */
export const perceptualTerms = (p: Tracer, net: PerceptualNet, x: Value, y: Value): readonly Value[] =>
  perceptualMaps(p, net, x, y).map((map) => mean(map, [1, 2]));

/** LPIPS of each pair of images [N, 3, H, W] in [−1, 1], [N]. */
export const perceptualDistance = (p: Tracer, net: PerceptualNet, x: Value, y: Value): Value =>
  perceptualTerms(p, net, x, y).reduce((a, b) => add(a, b));
