/** Table look-up and its adjoint's ingredient. */
import { apply, type Op, ShapeError, sizeOf, type Value } from "../tensor.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { freeCost, noGradient, requireFloat, requireRows } from "./shared.ts";

/** y[i…] = table[indices[i…]]: rows of a table; indices int32. ∂table = oneHot(indices)ᵀ·g */
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
  cost: freeCost,
  onnx: (emit, inputs) => emit.node("Gather", inputs, { attributes: { axis: { int: 0 } } }),
};

/** Rows `indices` of `table`, along axis 0. */
export const gather = (table: Value, indices: Value): Value => apply(gatherOp, [table, indices]);

/** y[i…, k] = 1 where indices[i…] = k, else 0 */
export const oneHotOp: Op = {
  name: "oneHot",
  shape: ([indices], { depth }) => {
    if (indices!.dtype !== "int32")
      throw new ShapeError(`oneHot: indices must be int32, got ${indices!.dtype}`);
    return [{ dtype: "float32", shape: [...indices!.shape, depth as number] }];
  },
  gradient: noGradient,
  cost: freeCost,
  onnx: (emit, [indices], { attributes }) => {
    const offAndOn = emit.constant({ dtype: "float32", shape: [2], data: Float32Array.of(0, 1) });
    // ONNX Runtime has OneHot of int32 indices for an int32 depth only.
    const depth = emit.constant({
      dtype: "int32",
      shape: [],
      data: Int32Array.of(attributes.depth as number),
    });
    return emit.node("OneHot", [indices!, depth, offAndOn], { attributes: { axis: { int: -1 } } });
  },
};

export const oneHot = (indices: Value, depth: number): Value => apply(oneHotOp, [indices], { depth });
