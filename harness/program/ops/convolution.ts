/** 2-D convolution (cross-correlation, as in deep learning) and its two adjoints. */
import {
  type Attributes,
  apply,
  type Node,
  type OnnxEmitter,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorType,
  type Value,
} from "../tensor.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduction.ts";
import { concat, pad, reshape, slice } from "./shape.ts";
import { productType, requireEqual, requireRank } from "./shared.ts";

export interface ConvolutionOptions {
  readonly stride?: number;
  /** Zeros at left, right, top, bottom; a number pads all four sides. */
  readonly padding?: number | readonly [number, number, number, number];
  readonly groups?: number;
}

interface Geometry {
  readonly stride: number;
  readonly padding: readonly [left: number, right: number, top: number, bottom: number];
  readonly groups: number;
}

const geometryOf = (attributes: Attributes): Geometry => attributes as unknown as Geometry;

const outputSides = (
  [h, w]: Shape,
  [kh, kw]: Shape,
  { stride, padding: [l, r, t, b] }: Geometry,
): [number, number] => [
  Math.floor((h! + t + b - kh!) / stride) + 1,
  Math.floor((w! + l + r - kw!) / stride) + 1,
];

const onnxGeometry = ({ stride, padding: [l, r, t, b], groups }: Geometry) => ({
  strides: [stride, stride],
  pads: [t, l, b, r],
  group: { int: groups },
});

/** Each output element takes one product a tap and input channel of its group. */
const productMacs = (output: TensorType, weight: TensorType): number =>
  sizeOf(output.shape) * sizeOf(weight.shape.slice(1));

/**
 * y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[n,c, i·stride+u−top, j·stride+v−left]:
 * x [N, C, H, W], w [O, C/groups, kh, kw], b [O] (optional).
 */
export const conv2dOp: Op = {
  name: "conv2d",
  shape: ([x, weight, bias], attributes) => {
    const dtype = productType("conv2d", bias ? [x!, weight!, bias] : [x!, weight!]);
    requireRank("conv2d", x!, 4);
    requireRank("conv2d", weight!, 4);
    const geometry = geometryOf(attributes);
    requireEqual("conv2d", "input channels", x!.shape[1]!, weight!.shape[1]! * geometry.groups);
    requireEqual("conv2d", "output channels modulo groups and 0", weight!.shape[0]! % geometry.groups, 0);
    if (bias) requireEqual("conv2d", "bias and output channels", sizeOf(bias.shape), weight!.shape[0]!);
    const sides = outputSides(x!.shape.slice(2), weight!.shape.slice(2), geometry);
    if (Math.min(...sides) < 1)
      throw new ShapeError(
        `conv2d: the kernel must fit into the padded input [${x!.shape}], got [${weight!.shape}]`,
      );
    return [{ dtype, shape: [x!.shape[0]!, weight!.shape[0]!, ...sides] }];
  },
  gradient: ({ inputs: [x, weight, bias], attributes }, [g]) => {
    const geometry = geometryOf(attributes);
    const gradients = [
      convolutionInputGradient(g!, weight!, x!.shape, geometry),
      convolutionWeightGradient(x!, g!, weight!.shape, geometry),
    ];
    return bias ? [...gradients, sum(g!, [0, 2, 3])] : gradients;
  },
  cost: ([, weight, bias], [y]) => ({
    macs: productMacs(y!, weight!),
    elementwise: bias ? sizeOf(y!.shape) : 0,
  }),
  onnx: (emit, inputs, { attributes }) =>
    emit.node("Conv", inputs, { attributes: onnxGeometry(geometryOf(attributes)) }),
};

export function conv2d(
  x: Value,
  weight: Value,
  bias?: Value,
  { stride = 1, padding = 0, groups = 1 }: ConvolutionOptions = {},
): Value {
  const sides = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  return apply(conv2dOp, bias ? [x, weight, bias] : [x, weight], { stride, padding: sides, groups });
}

/** The adjoint of conv2d in its input: g [N, O, h, w], w → [N, C, H, W]. */
export const conv2dInputGradientOp: Op = {
  name: "conv2dInputGradient",
  shape: ([g, weight], attributes) => {
    const dtype = productType("conv2dInputGradient", [g!, weight!]);
    return [{ dtype, shape: attributes.shape as Shape }];
  },
  // Linear in both: the adjoint in g is the convolution, in w the weight gradient with the roles of input and output kept.
  gradient: ({ inputs: [g, weight], attributes }, [outer]) => {
    const geometry = geometryOf(attributes);
    const { stride, padding, groups } = geometry;
    return [
      conv2d(outer!, weight!, undefined, { stride, padding, groups }),
      convolutionWeightGradient(outer!, g!, weight!.shape, geometry),
    ];
  },
  cost: ([g, weight]) => ({ macs: productMacs(g!, weight!), elementwise: 0 }),
  onnx: (emit, inputs, node) => {
    const {
      stride,
      groups,
      padding: [l, r, t, b],
    } = geometryOf(node.attributes);
    const [kh, kw] = node.inputs[1]!.shape.slice(2) as [number, number];
    const turnable = stride === 1 && groups === 1 && Math.max(l, r) < kw && Math.max(t, b) < kh;
    return (turnable ? turnedConvolution : transposedConvolution)(emit, inputs, node);
  },
};

/** With stride 1 the adjoint is a convolution too, by the weights turned half round, channels exchanged: up to 1.4× faster. */
function turnedConvolution(
  emit: OnnxEmitter,
  [g, weight]: readonly string[],
  { inputs, attributes }: Node,
): readonly string[] {
  const [kh, kw] = inputs[1]!.shape.slice(2) as [number, number];
  const [l, r, t, b] = geometryOf(attributes).padding;
  const ends = emit.int64([-kh - 1, -kw - 1]);
  const turned = emit.node("Slice", [
    weight!,
    emit.int64([-1, -1]),
    ends,
    emit.int64([2, 3]),
    emit.int64([-1, -1]),
  ]);
  const exchanged = emit.node("Transpose", turned, { attributes: { perm: [1, 0, 2, 3] } });
  return emit.node("Conv", [g!, exchanged[0]!], {
    attributes: { pads: [kh - 1 - t, kw - 1 - l, kh - 1 - b, kw - 1 - r] },
  });
}

function transposedConvolution(
  emit: OnnxEmitter,
  names: readonly string[],
  { inputs: [g, weight], attributes }: Node,
): readonly string[] {
  const geometry = geometryOf(attributes);
  const shape = attributes.shape as Shape;
  const sides = g!.shape.slice(2);
  // ConvTranspose makes stride·(side−1) + kernel − pads rows; what floor division dropped comes back as output padding.
  const [l, r, t, b] = geometry.padding;
  const full = sides.map((side, i) => geometry.stride * (side - 1) + weight!.shape[2 + i]!);
  const extra = [shape[2]! - full[0]! + t + b, shape[3]! - full[1]! + l + r];
  return emit.node("ConvTranspose", names, {
    attributes: { ...onnxGeometry(geometry), output_padding: extra },
  });
}

const convolutionInputGradient = (g: Value, weight: Value, shape: Shape, geometry: Geometry): Value =>
  apply(conv2dInputGradientOp, [g, weight], { ...geometry, shape });

/** The adjoint of conv2d in its weight (one group): x [N, C, H, W], g [N, O, h, w] → [O, C, kh, kw]. */
export const conv2dWeightGradientOp: Op = {
  name: "conv2dWeightGradient",
  shape: ([x, g], attributes) => {
    const dtype = productType("conv2dWeightGradient", [x!, g!]);
    return [{ dtype, shape: attributes.shape as Shape }];
  },
  gradient: ({ inputs: [x, g], attributes }, [outer]) => {
    const geometry = geometryOf(attributes);
    const { stride, padding } = geometry;
    return [
      convolutionInputGradient(g!, outer!, x!.shape, geometry),
      conv2d(x!, outer!, undefined, { stride, padding }),
    ];
  },
  cost: ([, g], [weight]) => ({ macs: productMacs(g!, weight!), elementwise: 0 }),
  onnx: "decompose",
  // One product a tap: the output's gradient with the input as that tap saw it, summed over samples.
  decompose: ([x, g], attributes) => {
    const [o, c, kh, kw] = attributes.shape as readonly [number, number, number, number];
    const { rows, seenBy } = tapViews(x!, g!, [kh, kw], geometryOf(attributes));
    const products = Array.from({ length: kh * kw }, (_, tap) => {
      const product = matmul(rows, seenBy(Math.floor(tap / kw), tap % kw), { transposeB: true });
      return reshape(sum(product, [0]), [o, c, 1]);
    });
    return [reshape(concat(products, 2), [o, c, kh, kw])];
  },
};

/**
 * The output's gradient as rows [N, O, L], and for each tap the input's values it met, [N, C, L]. With stride 1 both
 * keep the padded input's width, so that a tap's view is one run of memory: the columns beyond the output's
 * width meet zeros. Measured 1.4–2× faster than im2col at 16 to 128 channels.
 */
function tapViews(
  x: Value,
  g: Value,
  [kh, kw]: readonly [number, number],
  { stride, padding: [l, r, t, b] }: Geometry,
): { rows: Value; seenBy: (u: number, v: number) => Value } {
  const [n, o, h, w] = g.shape as readonly [number, number, number, number];
  const c = x.shape[1]!;
  const padded = pad(pad(x, 2, t, b), 3, l, r);
  if (stride > 1)
    return {
      rows: reshape(g, [n, o, h * w]),
      seenBy: (u, v) => {
        const rows = slice(padded, 2, u, u + stride * (h - 1) + 1, stride);
        return reshape(slice(rows, 3, v, v + stride * (w - 1) + 1, stride), [n, c, h * w]);
      },
    };
  const pitch = w + kw - 1;
  const length = (h - 1) * pitch + w;
  const flat = reshape(padded, [n, c, (h + kh - 1) * pitch]);
  return {
    rows: slice(reshape(pad(g, 3, 0, kw - 1), [n, o, h * pitch]), 2, 0, length),
    seenBy: (u, v) => slice(flat, 2, u * pitch + v, u * pitch + v + length),
  };
}

/** Groups are independent convolutions: each gets its own weight gradient. */
function convolutionWeightGradient(x: Value, g: Value, shape: Shape, geometry: Geometry): Value {
  const { groups } = geometry;
  const [o, c] = [shape[0]! / groups, shape[1]!];
  const parts = Array.from({ length: groups }, (_, k) =>
    apply(conv2dWeightGradientOp, [slice(x, 1, k * c, (k + 1) * c), slice(g, 1, k * o, (k + 1) * o)], {
      ...geometry,
      groups: 1,
      shape: [o, ...shape.slice(1)],
    }),
  );
  return concat(parts, 0);
}
