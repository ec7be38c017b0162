/**
 * LPIPS, version 0.1 on VGG16: how far two images are apart to a network that classifies, weighted as people judge (Zhang
 * et al., arXiv:1801.03924 eq. 1; richzhang/PerceptualSimilarity `lpips/lpips.py`), under that package's parameter names.
 */
import {
  add,
  constant,
  conv2d,
  div,
  maximum,
  maxPool2d,
  mean,
  mul,
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

/** VGG16 (arXiv:1409.1556) up to its last ReLU, a slice a tap: the channels of its convolutions by torchvision's index. */
const SLICES: readonly (readonly (readonly [index: number, channels: number])[])[] = [
  [
    [0, 64],
    [2, 64],
  ],
  [
    [5, 128],
    [7, 128],
  ],
  [
    [10, 256],
    [12, 256],
    [14, 256],
  ],
  [
    [17, 512],
    [19, 512],
    [21, 512],
  ],
  [
    [24, 512],
    [26, 512],
    [28, 512],
  ],
];

/** The slice a convolution of torchvision's VGG16 belongs to, from 1. */
export const sliceOf = (index: number): number =>
  1 + SLICES.findIndex((slice) => slice.some(([own]) => own === index));

/** Of RGB in [−1, 1], as the package stores it: in float32. */
const channelConstant = (...values: readonly number[]): Value =>
  constant({ dtype: "float32", shape: [1, 3, 1, 1], data: Float32Array.from(values) });

/** Images [N, 3, H, W] in [−1, 1] → the activations after ReLU that are compared, finest first. */
export function perceptualFeatures(p: Tracer, images: Value): readonly Value[] {
  const shift = channelConstant(-0.03, -0.088, -0.188);
  let x = div(sub(images, shift), channelConstant(0.458, 0.448, 0.45));
  return SLICES.map((slice, k) => {
    if (k > 0) x = maxPool2d(x, { kernel: 2, stride: 2 });
    for (const [index, channels] of slice) {
      const name = `net.slice${k + 1}.${index}`;
      const weight = p.parameter(`${name}.weight`, [channels, x.shape[1]!, 3, 3], zeros);
      x = relu(conv2d(x, weight, p.parameter(`${name}.bias`, [channels], zeros), { padding: 1 }));
    }
    return x;
  });
}

/** Of all channels at each place; what is below any float's rounding keeps the root's gradient finite where all are 0. */
function normalized(features: Value): Value {
  const norm = sqrt(maximum(sum(square(features), [1], true), 1e-30));
  return div(features, add(norm, 1e-10));
}

/**
 * The layers' terms of the distance between images x and y, each [N].
 * @param p where the weights are: those of VGG16 and of the linear layers, which are given, never drawn
 */
export function perceptualTerms(p: Tracer, x: Value, y: Value): readonly Value[] {
  const other = perceptualFeatures(p, y);
  return perceptualFeatures(p, x).map((features, k) => {
    const channels = features.shape[1]!;
    const weight = reshape(p.parameter(`lin${k}.model.1.weight`, [1, channels, 1, 1], zeros), [
      channels,
      1,
      1,
    ]);
    const difference = square(sub(normalized(features), normalized(other[k]!)));
    return mean(sum(mul(difference, weight), [1]), [1, 2]);
  });
}

/** LPIPS of each pair of images [N, 3, H, W] in [−1, 1], [N]. */
export const perceptualDistance = (p: Tracer, x: Value, y: Value): Value =>
  perceptualTerms(p, x, y).reduce((a, b) => add(a, b));
