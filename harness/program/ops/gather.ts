/** Table look-up and its adjoint's ingredient. */
import { apply, type Op, ShapeError, sizeOf, type Value } from "../tensor.ts";
import { equal } from "./comparison.ts";
import { constant } from "./constant.ts";
import { cast } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { freeCost, noGradient, requireFloat, requireRows, sameAxes } from "./shared.ts";

/** y[i…] = table[indices[i…]]: rows of a table; indices int32, in 0 … rows − 1. ∂table = oneHot(indices)ᵀ·g */
export const gatherOp: Op = {
  name: "gather",
  shape: ([table, indices]) => {
    requireFloat("gather", table!);
    requireRows("gather", table!);
    if (indices!.dtype !== "int32")
      throw new ShapeError(`gather: indices must be int32, got ${indices!.dtype}`);
    return [{ dtype: "float32", shape: [...indices!.shape, ...table!.shape.slice(1)] }];
  },
  gradient: ({ inputs: [table, indices] }, [g]) => {
    const rows = table!.shape[0]!;
    const n = sizeOf(indices!.shape);
    const width = sizeOf(table!.shape) / rows;
    const hot = oneHot(reshape(indices!, [n]), rows);
    return [reshape(matmul(hot, reshape(g!, [n, width]), { transposeA: true }), table!.shape), null];
  },
  cuts: ([, indices]) =>
    [...indices!.shape.keys()].map((axis) => ({ inputs: [null, axis], outputs: [axis] })),
  cost: freeCost,
  onnx: (emit, inputs) => emit.node("Gather", inputs, { attributes: { axis: { int: 0 } } }),
};

/** Rows `indices` of `table`, along axis 0. */
export const gather = (table: Value, indices: Value): Value => apply(gatherOp, [table, indices]);

/** y[i…, k] = 1 where indices[i…] = k, else 0; all 0 for an index outside 0 … depth − 1 */
export const oneHotOp: Op = {
  name: "oneHot",
  shape: ([indices], { depth }) => {
    if (indices!.dtype !== "int32")
      throw new ShapeError(`oneHot: indices must be int32, got ${indices!.dtype}`);
    return [{ dtype: "float32", shape: [...indices!.shape, depth as number] }];
  },
  gradient: noGradient,
  cuts: sameAxes((shape) => [...shape.keys()]),
  cost: freeCost,
  // ONNX's OneHot counts negative indices from the end and has no rank 0.
  onnx: "decompose",
  decompose: ([indices], attributes) => {
    const depth = attributes.depth as number;
    const classes = constant({
      dtype: "int32",
      shape: [depth],
      data: Int32Array.from({ length: depth }, (_, k) => k),
    });
    return [cast(equal(reshape(indices!, [...indices!.shape, 1]), classes), "float32")];
  },
};

export const oneHot = (indices: Value, depth: number): Value => apply(oneHotOp, [indices], { depth });
