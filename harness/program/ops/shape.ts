/** Operations that move data and compute nothing. */
import {
  apply,
  applyAll,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorType,
  type Value,
} from "../tensor.ts";
import { unbroadcast } from "./arithmetic.ts";
import { constant } from "./constant.ts";
import { broadcastShapes, freeCost, partsOfSums } from "./shared.ts";

const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((side, i) => side === b[i]);

const positiveAxis = ({ shape }: TensorType, axis: number): number => (axis < 0 ? axis + shape.length : axis);

function requireAxis(name: string, { shape }: TensorType, axis: number): void {
  if (!(axis in shape)) throw new ShapeError(`${name}: expected an axis of [${shape}], got ${axis}`);
}

/** All axes but one: what is done along that one leaves the others as they are, and parts of sums parts of a sum. */
const otherAxes: NonNullable<Op["cuts"]> = (inputs, outputs, { axis: own }) => [
  ...[...inputs[0]!.shape.keys()]
    .filter((axis) => axis !== own)
    .map((axis) => ({ inputs: inputs.map(() => axis), outputs: outputs.map(() => axis) })),
  partsOfSums(inputs, outputs),
];

/** The same elements in row-major order under another shape. */
export const reshapeOp: Op = {
  name: "reshape",
  shape: ([x], attributes) => {
    const shape = attributes.shape as Shape;
    if (sizeOf(x!.shape) !== sizeOf(shape))
      throw new ShapeError(`reshape: element counts must be equal, got [${x!.shape}] to [${shape}]`);
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x] }, [g]) => [reshape(g!, x!.shape)],
  // Two axes with as many elements before them: their parts are the same runs of elements.
  cuts: ([x], [y]) => [
    ...[...x!.shape.keys()].flatMap((from) =>
      [...y!.shape.keys()]
        .filter((to) => sizeOf(x!.shape.slice(0, from)) === sizeOf(y!.shape.slice(0, to)))
        .map((to) => ({ inputs: [from], outputs: [to] })),
    ),
    partsOfSums([x], [y]),
  ],
  cost: freeCost,
  onnx: (emit, [x], { attributes }) => emit.node("Reshape", [x!, emit.int64(attributes.shape as number[])]),
};

export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });

/** y[i_perm[0], i_perm[1], …] = x[i_0, i_1, …]: axis k of y is axis perm[k] of x */
export const transposeOp: Op = {
  name: "transpose",
  shape: ([x], { permutation }) => {
    const axes = permutation as number[];
    if (axes.toSorted((a, b) => a - b).join() !== [...x!.shape.keys()].join())
      throw new ShapeError(`transpose: expected a permutation of the axes of [${x!.shape}], got [${axes}]`);
    return [{ dtype: x!.dtype, shape: axes.map((axis) => x!.shape[axis]!) }];
  },
  gradient: ({ attributes }, [g]) => {
    const axes = attributes.permutation as number[];
    return [
      transpose(
        g!,
        axes.map((_, axis) => axes.indexOf(axis)),
      ),
    ];
  },
  cuts: ([x], [y], { permutation }) => [
    ...(permutation as number[]).map((from, to) => ({ inputs: [from], outputs: [to] })),
    partsOfSums([x], [y]),
  ],
  cost: freeCost,
  onnx: (emit, inputs, { attributes }) =>
    emit.node("Transpose", inputs, { attributes: { perm: attributes.permutation as number[] } }),
};

export const transpose = (x: Value, permutation: readonly number[]): Value =>
  sameShape(permutation, [...x.shape.keys()]) ? x : apply(transposeOp, [x], { permutation });

/** Inputs laid end to end along one axis. */
export const concatOp: Op = {
  name: "concat",
  shape: (inputs, attributes) => {
    const axis = attributes.axis as number;
    const [first, ...rest] = inputs;
    requireAxis("concat", first!, axis);
    for (const { shape, dtype } of rest)
      if (dtype !== first!.dtype || !sameShape(shape.toSpliced(axis, 1), first!.shape.toSpliced(axis, 1)))
        throw new ShapeError(
          `concat: all but axis ${axis} must be equal, got [${first!.shape}] and [${shape}]`,
        );
    const side = inputs.reduce((total, { shape }) => total + shape[axis]!, 0);
    return [{ dtype: first!.dtype, shape: first!.shape.with(axis, side) }];
  },
  gradient: ({ inputs, attributes }, [g]) => {
    const axis = attributes.axis as number;
    let start = 0;
    return inputs.map(({ shape }) => {
      const part = slice(g!, axis, start, start + shape[axis]!);
      start += shape[axis]!;
      return part;
    });
  },
  cuts: otherAxes,
  cost: freeCost,
  onnx: (emit, inputs, { attributes }) =>
    emit.node("Concat", inputs, { attributes: { axis: { int: attributes.axis as number } } }),
};

export function concat(inputs: readonly Value[], axis: number): Value {
  const [first] = inputs;
  if (!first) throw new ShapeError("concat: expected at least one input, got none");
  return inputs.length === 1 ? first : apply(concatOp, inputs, { axis: positiveAxis(first, axis) });
}

/** x[…, start:end:step, …] along one axis */
export const sliceOp: Op = {
  name: "slice",
  shape: ([x], attributes) => {
    const [axis, start, end, step] = [
      attributes.axis,
      attributes.start,
      attributes.end,
      attributes.step,
    ] as number[];
    requireAxis("slice", x!, axis!);
    const whole = [start, end, step].every(Number.isInteger);
    if (!whole || start! < 0 || end! > x!.shape[axis!]! || start! >= end! || step! < 1)
      throw new ShapeError(
        `slice: expected a part of axis ${axis} of [${x!.shape}], got ${start}:${end}:${step}`,
      );
    return [{ dtype: x!.dtype, shape: x!.shape.with(axis!, Math.ceil((end! - start!) / step!)) }];
  },
  gradient: ({ inputs: [x], attributes }, [g]) => {
    const { axis, start, step } = attributes as { axis: number; start: number; step: number };
    const spaced = step === 1 ? g! : dilate(g!, axis, step);
    const end = start + spaced.shape[axis]!;
    return [pad(spaced, axis, start, x!.shape[axis]! - end)];
  },
  cuts: otherAxes,
  cost: freeCost,
  onnx: (emit, [x], { attributes }) => {
    const { axis, start, end, step } = attributes as Record<"axis" | "start" | "end" | "step", number>;
    return emit.node("Slice", [
      x!,
      emit.int64([start]),
      emit.int64([end]),
      emit.int64([axis]),
      emit.int64([step]),
    ]);
  },
};

export const slice = (x: Value, axis: number, start: number, end: number, step = 1): Value => {
  const positive = positiveAxis(x, axis);
  return start === 0 && end === x.shape[positive] && step === 1
    ? x
    : apply(sliceOp, [x], { axis: positive, start, end, step });
};

/** x cut into parts of the given sizes along one axis, one output each; the gradient lays theirs end to end. */
export const splitOp: Op = {
  name: "split",
  shape: ([x], attributes) => {
    const { axis, sizes } = attributes as unknown as SplitAttributes;
    requireAxis("split", x!, axis);
    if (sizes.reduce((sum, size) => sum + size, 0) !== x!.shape[axis])
      throw new ShapeError(`split: sizes must add to axis ${axis} of [${x!.shape}], got [${sizes}]`);
    return sizes.map((size) => ({ dtype: x!.dtype, shape: x!.shape.with(axis, size) }));
  },
  everyOutput: true,
  gradient: ({ outputs, attributes }, outer) => [
    concat(
      outer.map((g, i) => g ?? broadcastTo(constant(0), outputs[i]!.shape)),
      attributes.axis as number,
    ),
  ],
  cuts: otherAxes,
  cost: freeCost,
  onnx: (emit, [x], { attributes }) => {
    const { axis, sizes } = attributes as unknown as SplitAttributes;
    return emit.node("Split", [x!, emit.int64(sizes)], {
      attributes: { axis: { int: axis } },
      outputs: sizes.length,
    });
  },
};

interface SplitAttributes {
  readonly axis: number;
  readonly sizes: readonly number[];
}

/** Parts along one axis: that many equal ones, or of the given sizes. */
export function split(x: Value, axis: number, parts: number | readonly number[]): readonly Value[] {
  const positive = positiveAxis(x, axis);
  const sizes = typeof parts === "number" ? Array<number>(parts).fill(x.shape[positive]! / parts) : parts;
  return sizes.length === 1 ? [x] : applyAll(splitOp, [x], { axis: positive, sizes });
}

/** Zeros before and after along one axis. */
export const padOp: Op = {
  name: "pad",
  shape: ([x], attributes) => {
    const { axis, before, after } = attributes as Record<"axis" | "before" | "after", number>;
    requireAxis("pad", x!, axis);
    if (before < 0 || after < 0) throw new ShapeError(`pad: widths must be ≥ 0, got ${before} and ${after}`);
    return [{ dtype: x!.dtype, shape: x!.shape.with(axis, x!.shape[axis]! + before + after) }];
  },
  gradient: ({ inputs: [x], attributes }, [g]) => {
    const { axis, before } = attributes as Record<"axis" | "before", number>;
    return [slice(g!, axis, before, before + x!.shape[axis]!)];
  },
  cuts: otherAxes,
  cost: freeCost,
  onnx: (emit, [x], { attributes }) => {
    const { axis, before, after } = attributes as Record<"axis" | "before" | "after", number>;
    const widths = emit.int64([before, after]);
    return emit.node("Pad", [x!, widths, "", emit.int64([axis])]);
  },
};

export const pad = (x: Value, axis: number, before: number, after: number): Value =>
  before === 0 && after === 0 ? x : apply(padOp, [x], { axis: positiveAxis(x, axis), before, after });

/** step − 1 zeros between neighbours along one axis: the adjoint of slicing with a step. */
function dilate(x: Value, axis: number, step: number): Value {
  const spread = reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
  const filled = pad(spread, axis + 1, 0, step - 1);
  const side = x.shape[axis]! * step;
  return slice(reshape(filled, x.shape.with(axis, side)), axis, 0, side - step + 1);
}

/** x repeated to a larger shape by NumPy's rules */
export const broadcastOp: Op = {
  name: "broadcast",
  shape: ([x], attributes) => {
    const shape = attributes.shape as Shape;
    if (!sameShape(broadcastShapes("broadcast", x!.shape, shape), shape))
      throw new ShapeError(`broadcast: must spread to [${shape}], got [${x!.shape}]`);
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x] }, [g]) => [unbroadcast(g!, x!)],
  cuts: ([x], [y]) =>
    [...y!.shape.keys()].map((axis) => {
      const from = axis - y!.shape.length + x!.shape.length;
      return { inputs: [x!.shape[from] === y!.shape[axis] ? from : null], outputs: [axis] };
    }),
  cost: freeCost,
  onnx: (emit, [x], { attributes }) => emit.node("Expand", [x!, emit.int64(attributes.shape as number[])]),
};

export const broadcastTo = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : apply(broadcastOp, [x], { shape });
