import { apply, type Op, type Shape, type Tensor, type TensorData, type Value } from "../tensor.ts";
import { freeCost, noGradient } from "./shared.ts";

/** A tensor known when the program is written. */
export const constantOp: Op = {
  name: "constant",
  shape: (_, attributes) => [
    { dtype: attributes.dtype as Tensor["dtype"], shape: attributes.shape as Shape },
  ],
  gradient: noGradient,
  cost: freeCost,
  onnx: (emit, _, { attributes }) => [
    emit.constant({
      dtype: attributes.dtype as Tensor["dtype"],
      shape: attributes.shape as Shape,
      data: attributes.data as TensorData,
    }),
  ],
};

/** A constant tensor; a number becomes a float32 scalar. */
export function constant(value: number | Tensor): Value {
  const tensor: Tensor =
    typeof value === "number" ? { dtype: "float32", shape: [], data: Float64Array.of(value) } : value;
  return apply(constantOp, [], { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data });
}

/** Operands may be numbers wherever a value is expected. */
export type Operand = Value | number;

export const asValue = (operand: Operand): Value =>
  typeof operand === "number" ? constant(operand) : operand;
