/** Element-wise operations of one input. y = f(x); gradients as functions of x, y and g = ∂loss/∂y. */
import { apply, type DType, type Op, type Value } from "../tensor.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { greater, where } from "./comparison.ts";
import { elementwiseCost, freeCost, noGradient, onnxNode, partsOfSums, requireFloat } from "./shared.ts";

type UnaryGradient = (g: Value, x: Value, y: Value) => Value | null;

const unary = (name: string, onnx: string, gradient: UnaryGradient): Op => ({
  name,
  pointwise: true,
  shape: ([x]) => {
    requireFloat(name, x!);
    return [x!].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  gradient: ({ inputs, outputs }, [g]) => [gradient(g!, inputs[0]!, outputs[0]!)],
  cost: elementwiseCost(1),
  onnx: onnxNode(onnx),
});

/** −x */
export const negOp: Op = {
  ...unary("neg", "Neg", (g) => neg(g)),
  cuts: (inputs, outputs) => [partsOfSums(inputs, outputs)],
};
/** eˣ; y' = y */
export const expOp = unary("exp", "Exp", (g, _x, y) => mul(g, y));
/** ln x; y' = 1/x */
export const logOp = unary("log", "Log", (g, x) => div(g, x));
/** √x; y' = 1/(2y) */
export const sqrtOp = unary("sqrt", "Sqrt", (g, _x, y) => div(g, mul(2, y)));
/** |x|; y' = sign x, 0 at 0 */
export const absOp = unary("abs", "Abs", (g, x) => mul(g, sign(x)));
/** sign x, 0 at 0; no gradient */
export const signOp = unary("sign", "Sign", () => null);
/** tanh x; y' = 1 − y² */
export const tanhOp = unary("tanh", "Tanh", (g, _x, y) => mul(g, sub(1, mul(y, y))));
/** erf x; y' = 2/√π · e^(−x²) */
export const erfOp = unary("erf", "Erf", (g, x) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))));
/** sin x */
export const sinOp = unary("sin", "Sin", (g, x) => mul(g, cos(x)));
/** cos x */
export const cosOp = unary("cos", "Cos", (g, x) => neg(mul(g, sin(x))));
/** 1/(1+e^(−x)); y' = y(1 − y) */
export const sigmoidOp = unary("sigmoid", "Sigmoid", (g, _x, y) => mul(g, mul(y, sub(1, y))));
/** max(x, 0); at 0 the gradient is 0 */
export const reluOp = unary("relu", "Relu", (g, x) => where(greater(x, 0), g, 0));
/** ⌊x⌋; no gradient */
export const floorOp = unary("floor", "Floor", () => null);

export const neg = (x: Value): Value => apply(negOp, [x]);
export const exp = (x: Value): Value => apply(expOp, [x]);
export const log = (x: Value): Value => apply(logOp, [x]);
export const sqrt = (x: Value): Value => apply(sqrtOp, [x]);
export const abs = (x: Value): Value => apply(absOp, [x]);
export const sign = (x: Value): Value => apply(signOp, [x]);
export const tanh = (x: Value): Value => apply(tanhOp, [x]);
export const erf = (x: Value): Value => apply(erfOp, [x]);
export const sin = (x: Value): Value => apply(sinOp, [x]);
export const cos = (x: Value): Value => apply(cosOp, [x]);
export const sigmoid = (x: Value): Value => apply(sigmoidOp, [x]);
export const relu = (x: Value): Value => apply(reluOp, [x]);
export const floor = (x: Value): Value => apply(floorOp, [x]);

const ONNX_TYPES: Readonly<Record<DType, number>> = { float32: 1, int32: 6, bool: 9, bfloat16: 16 };

/** x in another element type; no gradient passes: what is rounded to bfloat16 is differentiated before. */
export const castOp: Op = {
  name: "cast",
  pointwise: true,
  // Widened exactly, parts of a sum are added up in float32.
  cuts: (inputs, outputs, { to }) =>
    inputs[0]!.dtype === "bfloat16" && to === "float32" ? [partsOfSums(inputs, outputs)] : [],
  shape: ([x], { to }) => [{ dtype: to as DType, shape: x!.shape }],
  gradient: noGradient,
  cost: freeCost,
  onnx: (emit, inputs, { attributes }) =>
    emit.node("Cast", inputs, { attributes: { to: { int: ONNX_TYPES[attributes.to as DType] } } }),
};

export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : apply(castOp, [x], { to }));

/** x, through which no gradient passes. */
export const stopGradientOp: Op = {
  name: "stopGradient",
  pointwise: true,
  cuts: (inputs, outputs) => [partsOfSums(inputs, outputs)],
  shape: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: noGradient,
  cost: freeCost,
  onnx: (_, inputs) => inputs,
};

export const stopGradient = (x: Value): Value => apply(stopGradientOp, [x]);

/** x limited to [low, high], which are numbers; y' = 1 strictly inside, else 0 */
export const clipOp: Op = {
  name: "clip",
  pointwise: true,
  shape: ([x]) => {
    requireFloat("clip", x!);
    return [{ dtype: "float32", shape: x!.shape }];
  },
  gradient: ({ inputs: [x], attributes: { low, high } }, [g]) => [
    where(greater(x!, low as number), where(greater(high as number, x!), g!, 0), 0),
  ],
  cost: elementwiseCost(2),
  onnx: (emit, [x], { attributes: { low, high } }) => {
    const bound = (value: number) =>
      emit.constant({ dtype: "float32", shape: [], data: Float32Array.of(value) });
    return emit.node("Clip", [x!, bound(low as number), bound(high as number)]);
  },
};

export const clip = (x: Value, low: number, high: number): Value => apply(clipOp, [x], { low, high });
