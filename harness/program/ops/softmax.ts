/** Softmax and log-sum-exp over the last axis. */
import { apply, type Op, sizeOf, type Value } from "../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { exp, log, stopGradient } from "./elementwise.ts";
import { max, sum } from "./reduction.ts";
import { broadcastTo, reshape } from "./shape.ts";
import { elementwiseCost, leadingAxes, requireFloat, requireRows, requireShape, sameAxes } from "./shared.ts";

/** y·(g − Σ g·y) a row: of `softmax`, from g and y */
export const softmaxGradientOp: Op = {
  name: "softmaxGradient",
  shape: ([g, y]) => {
    requireFloat("softmaxGradient", g!, y!);
    requireRows("softmaxGradient", y!);
    requireShape("softmaxGradient", "g", g!, y!.shape);
    return [{ dtype: "float32", shape: y!.shape }];
  },
  gradient: "decompose",
  cuts: ([g]) => leadingAxes(g!.shape).map((axis) => ({ inputs: [axis, axis], outputs: [axis] })),
  // g·y, sum, y·Σ, subtract
  cost: elementwiseCost(4),
  onnx: "decompose",
  decompose: ([g, y]) => {
    const weighted = mul(g!, y!);
    return [sub(weighted, mul(y!, sum(weighted, [-1], true)))];
  },
};

/** y_i = e^(x_i) / Σ_j e^(x_j) */
export const softmaxOp: Op = {
  name: "softmax",
  shape: ([x]) => {
    requireFloat("softmax", x!);
    requireRows("softmax", x!);
    return [{ dtype: "float32", shape: x!.shape }];
  },
  gradient: ({ outputs: [y] }, [g]) => [apply(softmaxGradientOp, [g!, y!])],
  cuts: sameAxes(leadingAxes),
  // max, subtract, exp, sum, divide
  cost: elementwiseCost(5),
  onnx: (emit, inputs) => emit.node("Softmax", inputs, { attributes: { axis: { int: -1 } } }),
  decompose: ([x]) => {
    const shifted = exp(sub(x!, stopGradient(max(x!, [-1], true))));
    return [div(shifted, sum(shifted, [-1], true))];
  },
};

export const softmax = (x: Value): Value => apply(softmaxOp, [x]);

/** ln Σ_j e^(x_j), the last axis dropped; ∂x = g·softmax(x) */
export const logSumExpOp: Op = {
  name: "logSumExp",
  shape: ([x]) => {
    requireFloat("logSumExp", x!);
    requireRows("logSumExp", x!);
    return [{ dtype: "float32", shape: x!.shape.slice(0, -1) }];
  },
  gradient: ({ inputs: [x] }, [g]) => [
    mul(broadcastTo(reshape(g!, [...g!.shape, 1]), x!.shape), softmax(x!)),
  ],
  cuts: sameAxes(leadingAxes),
  cost: ([x]) => ({ macs: 0, elementwise: 4 * sizeOf(x!.shape) }),
  onnx: "decompose",
  decompose: ([x]) => {
    const peak = stopGradient(max(x!, [-1], true));
    return [add(log(sum(exp(sub(x!, peak)), [-1])), reshape(peak, x!.shape.slice(0, -1)))];
  },
};

export const logSumExp = (x: Value): Value => apply(logSumExpOp, [x]);
