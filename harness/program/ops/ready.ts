/** Order among computations that do not read each other. */
import { apply, type Op, type Value } from "../tensor.ts";
import { sub } from "./arithmetic.ts";
import { freeCost, noGradient, requireFloat } from "./shared.ts";

/**
 * 0, once its inputs are there. To an engine that orders and shares computations as it likes it is a number like others:
 * lowerings make it of a number of each input (in the manner of XLA's optimization barrier).
 */
export const readyOp: Op = {
  name: "ready",
  shape: (inputs) => {
    requireFloat("ready", ...inputs);
    return [{ dtype: "float32", shape: [] }];
  },
  gradient: noGradient,
  cost: freeCost,
  cuts: (inputs) => [{ inputs: inputs.map(() => "any"), outputs: [null] }],
  // x < x, which is false of whatever x is, infinite or no number at all; no engine folds it.
  onnx: (emit, inputs, node) => {
    const firsts = inputs.flatMap((input, i) => {
      const { length } = node.inputs[i]!.shape;
      const all = (value: number): string => emit.int64(Array<number>(length).fill(value));
      return emit.node("Reshape", [
        length === 0 ? input : emit.node("Slice", [input, all(0), all(1)])[0]!,
        emit.int64([1]),
      ]);
    });
    const joined = emit.node("Concat", firsts, { attributes: { axis: { int: 0 } } })[0]!;
    const never = emit.node("Less", [joined, joined]);
    const zeros = emit.node("Cast", never, { attributes: { to: { int: 1 } } })[0]!;
    return emit.node("ReduceSum", [zeros, emit.int64([0])], { attributes: { keepdims: { int: 0 } } });
  },
};

/** x − 0, to the bit, not before `others` are there; what is not of float32 does not wait. */
export const waitFor = (x: Value, others: readonly Value[]): Value =>
  x.dtype === "float32" && others.length > 0 ? sub(x, apply(readyOp, others)) : x;
