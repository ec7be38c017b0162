/** 2-D pooling: a window's largest number, or the mean of those within the image. */
import {
  type Attributes,
  apply,
  type OnnxEmitter,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorType,
  type Value,
} from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { equal, where } from "./comparison.ts";
import { constant } from "./constant.ts";
import { conv2d, conv2dInputGradientOp } from "./convolution.ts";
import { max, sum } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { requireFloat, requireRank, sameAxes } from "./shared.ts";

export interface PoolingOptions {
  /** Side of the square window. */
  readonly kernel: number;
  readonly stride?: number;
  /** Rows and columns on each of the four sides, which belong to no window's numbers. */
  readonly padding?: number;
}

type Pooling = Required<PoolingOptions>;

const poolingOf = (attributes: Attributes): Pooling => attributes as unknown as Pooling;

function pooledShape(name: string, x: TensorType, { kernel, stride, padding }: Pooling): Shape {
  requireFloat(name, x);
  requireRank(name, x, 4);
  if (2 * padding > kernel)
    throw new ShapeError(`${name}: padding must be at most half the window ${kernel}, got ${padding}`);
  const sides = x.shape.slice(2).map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1);
  if (Math.min(...sides) < 1)
    throw new ShapeError(`${name}: the window ${kernel} must fit into the padded input [${x.shape}]`);
  return [...x.shape.slice(0, 2), ...sides];
}

const onnxPooling =
  (type: string) =>
  (emit: OnnxEmitter, inputs: readonly string[], { attributes }: { attributes: Attributes }) => {
    const { kernel, stride, padding } = poolingOf(attributes);
    return emit.node(type, inputs, {
      attributes: {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
      },
    });
  };

/** One operation a number of the window, the padding's counted too. */
const poolingCost = (_inputs: readonly TensorType[], [y]: readonly TensorType[], attributes: Attributes) => ({
  macs: 0,
  elementwise: poolingOf(attributes).kernel ** 2 * sizeOf(y!.shape),
});

/** The convolution whose every output is a number of a window, [C·kernel², 1, kernel, kernel], each channel by itself. */
function pickWeights(channels: number, { kernel }: Pooling): Value {
  const area = kernel ** 2;
  const data = Float32Array.from({ length: channels * area * area }, (_, i) =>
    Math.floor(i / area) % area === i % area ? 1 : 0,
  );
  return constant({ dtype: "float32", shape: [channels * area, 1, kernel, kernel], data });
}

const sides = (padding: number): readonly [number, number, number, number] => [
  padding,
  padding,
  padding,
  padding,
];

/** The windows of x [N, C, H, W] as [N, C, kernel², h, w]; −∞ where a window leaves the image. */
function windowsOf(x: Value, pooling: Pooling): Value {
  const { kernel, stride, padding } = pooling;
  const channels = x.shape[1]!;
  const pick = (image: Value, weights: Value, groups: number): Value =>
    conv2d(image, weights, undefined, { stride, padding, groups });
  const picked = pick(x, pickWeights(channels, pooling), channels);
  const [n, , h, w] = picked.shape as readonly [number, number, number, number];
  const ones = constant({
    dtype: "float32",
    shape: [1, 1, ...x.shape.slice(2)],
    data: new Float32Array(sizeOf(x.shape.slice(2))).fill(1),
  });
  const within = reshape(pick(ones, pickWeights(1, pooling), 1), [1, 1, kernel ** 2, h, w]);
  return where(equal(within, 1), reshape(picked, [n, channels, kernel ** 2, h, w]), -Infinity);
}

/**
 * y[n,c,i,j] = max_{u,v} x[n,c, i·stride+u−padding, j·stride+v−padding] over what lies within the image.
 * Equal maxima of a window share the gradient equally.
 */
export const maxPool2dOp: Op = {
  name: "maxPool2d",
  shape: ([x], attributes) => [
    { dtype: "float32", shape: pooledShape("maxPool2d", x!, poolingOf(attributes)) },
  ],
  gradient: ({ inputs: [x], outputs: [y], attributes }, [g]) => {
    const pooling = poolingOf(attributes);
    const [n, c, h, w] = y!.shape as readonly [number, number, number, number];
    const isMax = where(equal(windowsOf(x!, pooling), reshape(y!, [n, c, 1, h, w])), 1, 0);
    const shares = mul(div(isMax, sum(isMax, [2], true)), reshape(g!, [n, c, 1, h, w]));
    const picked = reshape(shares, [n, c * pooling.kernel ** 2, h, w]);
    return [spread(picked, pickWeights(c, pooling), x!.shape, pooling)];
  },
  cuts: sameAxes(() => [0, 1]),
  cost: poolingCost,
  onnx: onnxPooling("MaxPool"),
  decompose: ([x], attributes) => [max(windowsOf(x!, poolingOf(attributes)), [2])],
};

/** The adjoint of a convolution of each channel by itself. */
const spread = (g: Value, weights: Value, shape: Shape, { stride, padding }: Pooling): Value =>
  apply(conv2dInputGradientOp, [g, weights], { stride, padding: sides(padding), groups: shape[1]!, shape });

const windowOnes = (channels: number, { kernel }: Pooling): Value => {
  const shape = [channels, 1, kernel, kernel];
  return constant({ dtype: "float32", shape, data: new Float32Array(sizeOf(shape)).fill(1) });
};

/** How many numbers of each window lie within the image, [1, 1, h, w]. */
function counts(input: Shape, output: Shape, { kernel, stride, padding }: Pooling): Value {
  const within = (axis: number, i: number): number => {
    const first = i * stride - padding;
    return Math.min(first + kernel, input[axis]!) - Math.max(first, 0);
  };
  const [h, w] = output.slice(2) as [number, number];
  const data = Float32Array.from(
    { length: h * w },
    (_, k) => within(2, Math.floor(k / w)) * within(3, k % w),
  );
  return constant({ dtype: "float32", shape: [1, 1, h, w], data });
}

/**
 * y[n,c,i,j] = mean_{u,v} x[n,c, i·stride+u−padding, j·stride+v−padding] over what lies within the image:
 * the padding is not counted (count_include_pad = false).
 */
export const averagePool2dOp: Op = {
  name: "averagePool2d",
  shape: ([x], attributes) => [
    { dtype: "float32", shape: pooledShape("averagePool2d", x!, poolingOf(attributes)) },
  ],
  gradient: ({ inputs: [x], outputs: [y], attributes }, [g]) => {
    const pooling = poolingOf(attributes);
    const shares = div(g!, counts(x!.shape, y!.shape, pooling));
    return [spread(shares, windowOnes(x!.shape[1]!, pooling), x!.shape, pooling)];
  },
  cuts: sameAxes(() => [0, 1]),
  cost: poolingCost,
  onnx: onnxPooling("AveragePool"),
  decompose: ([x], attributes) => {
    const pooling = poolingOf(attributes);
    const { stride, padding } = pooling;
    const groups = x!.shape[1]!;
    const sums = conv2d(x!, windowOnes(groups, pooling), undefined, { stride, padding, groups });
    return [div(sums, counts(x!.shape, sums.shape, pooling))];
  },
};

const of =
  (op: Op) =>
  (x: Value, { kernel, stride = 1, padding = 0 }: PoolingOptions): Value =>
    apply(op, [x], { kernel, stride, padding });

/** Largest number of each kernel × kernel window of x [N, C, H, W]. */
export const maxPool2d = of(maxPool2dOp);
/** Mean of each kernel × kernel window of x [N, C, H, W], padding not counted. */
export const averagePool2d = of(averagePool2dOp);
