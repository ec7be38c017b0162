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
import { constant } from "./constant.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduction.ts";
import { broadcastTo, concat, pad, reshape, slice, transpose } from "./shape.ts";
import { productType, requireEqual, requireRank, sameAxes } from "./shared.ts";

export interface ConvolutionOptions {
  readonly stride?: number;
  /** Zeros at left, right, top, bottom; a number pads all four sides. */
  readonly padding?: number | readonly [number, number, number, number];
  readonly groups?: number;
}

export interface Geometry {
  readonly stride: number;
  readonly padding: readonly [left: number, right: number, top: number, bottom: number];
  readonly groups: number;
}

/** Of a convolution and its adjoints, from their attributes. */
export const geometryOf = (attributes: Attributes): Geometry => attributes as unknown as Geometry;

const outputSides = (
  [h, w]: Shape,
  [kh, kw]: Shape,
  { stride, padding: [l, r, t, b] }: Geometry,
): [number, number] => [
  Math.floor((h! + t + b - kh!) / stride) + 1,
  Math.floor((w! + l + r - kw!) / stride) + 1,
];

/** Attributes of ONNX's convolutions. */
export const onnxGeometry = ({ stride, padding: [l, r, t, b], groups }: Geometry) => ({
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
  cuts: sameAxes(() => [0]),
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
  cuts: sameAxes(() => [0]),
  cost: ([g, weight]) => ({ macs: productMacs(g!, weight!), elementwise: 0 }),
  onnx: (emit, inputs, node) => {
    const pads = turnedPads(node);
    return pads ? turnedConvolution(emit, inputs, node, pads) : transposedConvolution(emit, inputs, node);
  },
};

/**
 * With stride 1 the adjoint in the input is a convolution too, by the weights turned half round, channels exchanged: up to
 * 1.4× faster. Its padding, as ONNX has it; null where it is none.
 */
export function turnedPads({ inputs, attributes }: Node): readonly number[] | null {
  const [kh, kw] = inputs[1]!.shape.slice(2) as [number, number];
  const {
    stride,
    groups,
    padding: [l, r, t, b],
  } = geometryOf(attributes);
  const turnable = stride === 1 && groups === 1 && Math.max(l, r) < kw && Math.max(t, b) < kh;
  return turnable ? [kh - 1 - t, kw - 1 - l, kh - 1 - b, kw - 1 - r] : null;
}

function turnedConvolution(
  emit: OnnxEmitter,
  [g, weight]: readonly string[],
  { inputs }: Node,
  pads: readonly number[],
): readonly string[] {
  const [kh, kw] = inputs[1]!.shape.slice(2) as [number, number];
  const ends = emit.int64([-kh - 1, -kw - 1]);
  const turned = emit.node("Slice", [
    weight!,
    emit.int64([-1, -1]),
    ends,
    emit.int64([2, 3]),
    emit.int64([-1, -1]),
  ]);
  const exchanged = emit.node("Transpose", turned, { attributes: { perm: [1, 0, 2, 3] } });
  return emit.node("Conv", [g!, exchanged[0]!], { attributes: { pads } });
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
  cuts: () => [{ inputs: [0, 0], outputs: ["sum"] }],
  cost: ([, g], [weight]) => ({ macs: productMacs(g!, weight!), elementwise: 0 }),
  onnx: "decompose",
  decompose: ([x, g], attributes) => {
    const shape = attributes.shape as readonly [number, number, number, number];
    const geometry = geometryOf(attributes);
    return [(geometry.stride === 1 ? productOfShifts : productATap)(x!, g!, shape, geometry)];
  },
};

type WeightShape = readonly [o: number, c: number, kh: number, kw: number];

const zeros = (...shape: number[]): Value => broadcastTo(constant(0), shape);

/**
 * With stride 1, one product of all rows (o, u) with all rows (c, v): rows of g moved by u image rows, rows of x
 * moved by v columns, so that where they meet they are a tap apart. Zeros beside each image row keep
 * its neighbours out.
 */
function productOfShifts(
  x: Value,
  g: Value,
  [o, c, kh, kw]: WeightShape,
  { padding: [left, right, top] }: Geometry,
): Value {
  const [n, , height, width] = x.shape as readonly [number, number, number, number];
  const [h, w] = g.shape.slice(2) as [number, number];
  const pitch = Math.max(w, width + Math.max(left, right));
  const first = top * pitch + left;
  const spare = Math.max(0, kw - 1 - first);
  const length = Math.max((kh - 1 + h) * pitch, height * pitch + first) + spare;
  const gRows = shifted(reshape(pad(g, 3, 0, pitch - w), [n, o, h * pitch]), kh, spare, pitch, length);
  const xRows = shifted(
    reshape(pad(x, 3, 0, pitch - width), [n, c, height * pitch]),
    kw,
    first + spare,
    -1,
    length,
  );
  const product = sum(matmul(gRows, xRows, { transposeB: true }), [0]);
  return transpose(reshape(product, [o, kh, c, kw]), [0, 2, 1, 3]);
}

/**
 * Rows [N, C, L] `times` over, as [N, C·times, length]: copy k stands `start + k·step` to the right among zeros. Copies
 * laid `length + step` apart in one run of memory are that, cut into rows.
 */
function shifted(rows: Value, times: number, start: number, step: number, length: number): Value {
  const [n, channels, filled] = rows.shape as readonly [number, number, number];
  const space = (size: number): readonly Value[] => (size === 0 ? [] : [zeros(n, channels, size)]);
  const between = times === 1 ? [] : space(length + step - filled);
  const copies = Array.from({ length: times }, (_, k) => (k === 0 ? [rows] : [...between, rows])).flat();
  const end = times * length - start - (times - 1) * (length + step) - filled;
  const run = concat([...space(start), ...copies, ...space(end)], 2);
  return reshape(run, [n, channels * times, length]);
}

/** One product a tap: the output's gradient with the input as that tap saw it, summed over samples. */
function productATap(
  x: Value,
  g: Value,
  [o, c, kh, kw]: WeightShape,
  { stride, padding: [l, r, t, b] }: Geometry,
): Value {
  const [n, , h, w] = g.shape as readonly [number, number, number, number];
  const padded = pad(pad(x, 2, t, b), 3, l, r);
  const rows = reshape(g, [n, o, h * w]);
  const products = Array.from({ length: kh * kw }, (_, tap) => {
    const [u, v] = [Math.floor(tap / kw), tap % kw];
    const lines = slice(padded, 2, u, u + stride * (h - 1) + 1, stride);
    const seen = reshape(slice(lines, 3, v, v + stride * (w - 1) + 1, stride), [n, c, h * w]);
    return reshape(sum(matmul(rows, seen, { transposeB: true }), [0]), [o, c, 1]);
  });
  return reshape(concat(products, 2), [o, c, kh, kw]);
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
