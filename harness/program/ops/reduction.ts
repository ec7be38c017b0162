/** Reductions; reduced axes are kept with length 1 where `keepDims`. */
import {
  type Attributes,
  apply,
  type Cut,
  type OnnxEmitter,
  type Op,
  sizeOf,
  type TensorType,
  type Value,
} from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { equal, where } from "./comparison.ts";
import { broadcastTo, reshape } from "./shape.ts";
import { normalizeAxes, partsOfSums, requireFloat } from "./shared.ts";

const reducedShape = ({ shape }: TensorType, { axes, keepDims }: Attributes): number[] =>
  shape.flatMap((side, axis) => ((axes as number[]).includes(axis) ? (keepDims ? [1] : []) : [side]));

/** Axes that are kept, with where they come to lie. */
const keptAxes = ({ shape }: TensorType, { axes, keepDims }: Attributes): readonly Cut[] => {
  const reduced = axes as number[];
  return [...shape.keys()]
    .filter((axis) => !reduced.includes(axis))
    .map((axis) => ({
      inputs: [axis],
      outputs: [keepDims ? axis : axis - reduced.filter((one) => one < axis).length],
    }));
};

/** A reduced tensor laid over the shape it was reduced from. */
function spread(reduced: Value, over: Value, axes: readonly number[]): Value {
  const kept = over.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  return broadcastTo(reshape(reduced, kept), over.shape);
}

const reduction = (
  name: string,
  onnx: string,
  gradient: (g: Value, x: Value, y: Value, axes: readonly number[]) => Value,
): Op => ({
  name,
  shape: ([x], attributes) => {
    requireFloat(name, x!);
    return [{ dtype: "float32", shape: reducedShape(x!, attributes) }];
  },
  gradient: ({ inputs, outputs, attributes }, [g]) => [
    gradient(g!, inputs[0]!, outputs[0]!, attributes.axes as number[]),
  ],
  cuts: ([x], _, attributes) => keptAxes(x!, attributes),
  cost: ([x]) => ({ macs: 0, elementwise: sizeOf(x!.shape) }),
  onnx: (emit, [x], { attributes }) => reduced(emit, onnx, x!, attributes),
});

const reduced = (
  emit: OnnxEmitter,
  type: string,
  x: string,
  { axes, keepDims }: Attributes,
): readonly string[] =>
  emit.node(type, [x, emit.int64(axes as number[])], { attributes: { keepdims: { int: keepDims ? 1 : 0 } } });

/** Σ over axes */
export const sumOp: Op = {
  ...reduction("sum", "ReduceSum", (g, x, _y, axes) => spread(g, x, axes)),
  cuts: ([x], [y], attributes) => [
    ...keptAxes(x!, attributes),
    ...(attributes.axes as number[]).map((axis): Cut => ({ inputs: [axis], outputs: ["sum"] })),
    partsOfSums([x], [y]),
  ],
  // Sums of many rows, as the gradients of biases and scales are, run several times faster as 1ᵀ·X.
  onnx: (emit, [x], { inputs, outputs, attributes }) => {
    const { shape } = inputs[0]!;
    const { length } = attributes.axes as number[];
    const rows = sizeOf(shape.slice(0, length));
    const width = sizeOf(shape) / rows;
    const leading = (attributes.axes as number[]).every((axis, i) => axis === i);
    if (!leading || rows < MANY || width < MANY) return reduced(emit, "ReduceSum", x!, attributes);
    const ones = emit.constant({ dtype: "float32", shape: [1, rows], data: new Float32Array(rows).fill(1) });
    const flat = emit.node("Reshape", [x!, emit.int64([rows, width])])[0]!;
    const total = emit.node("MatMul", [ones, flat])[0]!;
    return emit.node("Reshape", [total, emit.int64(outputs[0]!.shape)]);
  },
};

/** Rows and columns from which on the product is faster. */
const MANY = 32;

/** max over axes; equal maxima share the gradient equally */
export const maxOp = reduction("max", "ReduceMax", (g, x, y, axes) => {
  const isMax = where(equal(x, spread(y, x, axes)), 1, 0);
  return div(mul(spread(g, x, axes), isMax), sum(isMax, axes, true));
});

const of =
  (op: Op) =>
  (x: Value, axes: readonly number[] = [], keepDims = false): Value =>
    x.shape.length === 0
      ? x
      : apply(op, [x], { axes: normalizeAxes(op.name, axes, x.shape.length), keepDims });

/** Sum over `axes` (all when empty). */
export const sum = of(sumOp);
/** Maximum over `axes` (all when empty). */
export const max = of(maxOp);
/** Mean over `axes` (all when empty). */
export function mean(x: Value, axes: readonly number[] = [], keepDims = false): Value {
  const reduced = sum(x, axes, keepDims);
  return mul(reduced, sizeOf(reduced.shape) / sizeOf(x.shape));
}
