/** Comparisons and selection. Comparisons have no gradient. */
import { apply, type Op, ShapeError, type Value } from "../tensor.ts";
import { unbroadcast } from "./arithmetic.ts";
import { asValue, type Operand } from "./constant.ts";
import { broadcastShapes, elementwiseCost, noGradient, onnxNode } from "./shared.ts";

const comparison = (name: string, onnx: string): Op => ({
  name,
  pointwise: true,
  shape: ([a, b]) => {
    if (a!.dtype !== b!.dtype)
      throw new ShapeError(`${name}: dtypes must be equal, got ${a!.dtype} and ${b!.dtype}`);
    if (a!.dtype === "bool" && name !== "equal") throw new ShapeError(`${name}: expected numbers, got bool`);
    return [{ dtype: "bool", shape: broadcastShapes(name, a!.shape, b!.shape) }];
  },
  gradient: noGradient,
  cost: elementwiseCost(1),
  onnx: onnxNode(onnx),
});

/** a > b */
export const greaterOp = comparison("greater", "Greater");
/** a ≥ b */
export const greaterEqualOp = comparison("greaterEqual", "GreaterOrEqual");
/** a = b */
export const equalOp = comparison("equal", "Equal");

/** condition ? a : b */
export const whereOp: Op = {
  name: "where",
  pointwise: true,
  shape: ([condition, a, b]) => {
    if (condition!.dtype !== "bool")
      throw new ShapeError(`where: condition must be bool, got ${condition!.dtype}`);
    if (a!.dtype !== b!.dtype)
      throw new ShapeError(`where: dtypes must be equal, got ${a!.dtype} and ${b!.dtype}`);
    const branches = broadcastShapes("where", a!.shape, b!.shape);
    return [{ dtype: a!.dtype, shape: broadcastShapes("where", condition!.shape, branches) }];
  },
  gradient: ({ inputs: [condition, a, b] }, [g]) => [
    null,
    unbroadcast(where(condition!, g!, 0), a!),
    unbroadcast(where(condition!, 0, g!), b!),
  ],
  cost: elementwiseCost(1),
  onnx: onnxNode("Where"),
};

const of =
  (op: Op) =>
  (a: Operand, b: Operand): Value =>
    apply(op, [asValue(a), asValue(b)]);

export const greater = of(greaterOp);
export const greaterEqual = of(greaterEqualOp);
export const equal = of(equalOp);
export const where = (condition: Value, a: Operand, b: Operand): Value =>
  apply(whereOp, [condition, asValue(a), asValue(b)]);
