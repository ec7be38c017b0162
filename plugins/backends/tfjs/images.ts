/** Convolutions and pooling: TensorFlow's on the CPU know [N, H, W, C] alone and pad the same on both sides, ours do not. */
import { type Geometry, geometryOf } from "../../../harness/program/ops/convolution.ts";
import type { Attributes, Shape } from "../../../harness/program/tensor.ts";
import type { Run } from "./ops.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

/** Of the result of an adjoint. */
const shapeOf = (attributes: Attributes): Shape => attributes.shape as Shape;

const channelsLast = (tf: TensorFlow, x: TfTensor): TfTensor => tf.transpose(x, [0, 2, 3, 1]);
const channelsFirst = (tf: TensorFlow, x: TfTensor): TfTensor => tf.transpose(x, [0, 3, 1, 2]);
/** [O, C, h, w] to [h, w, C, O]. */
const asFilter = (tf: TensorFlow, weight: TfTensor): TfTensor => tf.transpose(weight, [2, 3, 1, 0]);

/** x [N, C, H, W] as [N, H, W, C], padded. */
function prepared(tf: TensorFlow, x: TfTensor, [l, r, t, b]: Geometry["padding"], value = 0): TfTensor {
  const last = channelsLast(tf, x);
  return l + r + t + b === 0
    ? last
    : tf.pad(
        last,
        [
          [0, 0],
          [t, b],
          [l, r],
          [0, 0],
        ],
        value,
      );
}

/** Groups are independent convolutions: `one` does each with its part of either tensor, the results are laid end to end. */
function eachGroup(
  tf: TensorFlow,
  groups: number,
  [a, axisA]: readonly [TfTensor, number],
  [b, axisB]: readonly [TfTensor, number],
  one: (a: TfTensor, b: TfTensor) => TfTensor,
): TfTensor {
  if (groups === 1) return one(a, b);
  const parts = (x: TfTensor, axis: number) =>
    tf.split(x, Array<number>(groups).fill(x.shape[axis]! / groups), axis);
  const [as, bs] = [parts(a, axisA), parts(b, axisB)];
  return tf.concat(
    as.map((part, i) => one(part, bs[i]!)),
    3,
  );
}

export const conv2d: Run = (tf, [x, weight, bias], { attributes }) => {
  const { stride, padding, groups } = geometryOf(attributes);
  const image = prepared(tf, x!, padding);
  const [o, own, h, w] = weight!.shape as [number, number, number, number];
  const depthwise = groups > 1 && own === 1;
  const y = depthwise
    ? tf.depthwiseConv2d(
        image,
        tf.transpose(tf.reshape(weight!, [groups, o / groups, h, w]), [2, 3, 0, 1]),
        stride,
        "valid",
      )
    : eachGroup(tf, groups, [image, 3], [weight!, 0], (part, filter) =>
        tf.conv2d(part, asFilter(tf, filter), stride, "valid"),
      );
  return channelsFirst(tf, bias ? tf.add(y, bias) : y);
};

export const conv2dInputGradient: Run = (tf, [g, weight], { attributes }) => {
  const { stride, padding, groups } = geometryOf(attributes);
  const [l, r, t, b] = padding;
  const [n, c, height, width] = shapeOf(attributes) as [number, number, number, number];
  const padded = [n, height + t + b, width + l + r, c / groups];
  const whole = eachGroup(tf, groups, [channelsLast(tf, g!), 3], [weight!, 0], (part, filter) =>
    tf.conv2dTranspose(part, asFilter(tf, filter), padded, stride, "valid"),
  );
  return channelsFirst(tf, tf.slice(whole, [0, t, l, 0], [n, height, width, c]));
};

/** Of one group: others are cut apart before. */
export const conv2dWeightGradient: Run = (tf, [x, g], { attributes }) => {
  const { stride, padding } = geometryOf(attributes);
  const [o, c, h, w] = shapeOf(attributes) as [number, number, number, number];
  const filter = tf
    .engine()
    .runKernel(
      "Conv2DBackpropFilter",
      { x: prepared(tf, x!, padding), dy: channelsLast(tf, g!) },
      { strides: stride, pad: "valid", dataFormat: "NHWC", dimRoundingMode: null, filterShape: [h, w, c, o] },
    );
  return tf.transpose(filter, [3, 2, 0, 1]);
};

const poolingOf = (attributes: Attributes) =>
  attributes as unknown as { readonly kernel: number; readonly stride: number; readonly padding: number };

const around = (padding: number): Geometry["padding"] => [padding, padding, padding, padding];

export const maxPool2d: Run = (tf, [x], { attributes }) => {
  const { kernel, stride, padding } = poolingOf(attributes);
  return channelsFirst(tf, tf.maxPool(prepared(tf, x!, around(padding), -Infinity), kernel, stride, "valid"));
};

/** The mean of the numbers within the image: that of all, over the share that is within. */
export const averagePool2d: Run = (tf, [x], { attributes }) => {
  const { kernel, stride, padding } = poolingOf(attributes);
  const mean = (image: TfTensor) => tf.avgPool(prepared(tf, image, around(padding)), kernel, stride, "valid");
  const all = mean(x!);
  const share = padding === 0 ? null : mean(tf.fill([1, 1, ...x!.shape.slice(2)], 1));
  return channelsFirst(tf, share ? tf.div(all, share) : all);
};
