/** Activations. */
import { apply, type Op, type Value } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { erf, exp, sigmoid, tanh } from "./elementwise.ts";
import { elementwiseCost, onnxNode, requireFloat, requireShape } from "./shared.ts";

const SQRT_HALF = Math.SQRT1_2;
/** ln(1/√(2π)) */
const LOG_DENSITY_AT_0 = -0.5 * Math.log(2 * Math.PI);

const activation = (
  name: string,
  cost: number,
  slope: Op,
  op: Pick<Op, "decompose" | "onnx" | "sharesParts">,
): Op => ({
  name,
  shape: ([x]) => {
    requireFloat(name, x!);
    return [{ dtype: "float32", shape: x!.shape }];
  },
  gradient: ({ inputs: [x] }, [g]) => [apply(slope, [g!, x!])],
  cost: elementwiseCost(cost),
  pointwise: true,
  ...op,
});

/** g·y'(x) of an activation y(x), from g and x. */
const activationGradient = (name: string, cost: number, slope: (x: Value) => Value): Op => ({
  name,
  shape: ([g, x]) => {
    requireFloat(name, g!, x!);
    requireShape(name, "g", g!, x!.shape);
    return [{ dtype: "float32", shape: x!.shape }];
  },
  gradient: "decompose",
  cost: elementwiseCost(cost),
  pointwise: true,
  onnx: "decompose",
  decompose: ([g, x]) => [mul(g!, slope(x!))],
});

/** Φ(x) = ½(1 + erf(x/√2)), the standard normal distribution function */
const normalCdf = (x: Value): Value => mul(add(erf(mul(x, SQRT_HALF)), 1), 0.5);

/** g·(Φ(x) + x·φ(x)) */
export const geluGradientOp = activationGradient("geluGradient", 10, (x) => {
  // φ(x) = e^(ln φ(0) − u²) with u = x/√2, which Φ(x) needs as well.
  const u = mul(x, SQRT_HALF);
  const density = exp(sub(LOG_DENSITY_AT_0, mul(u, u)));
  return add(normalCdf(x), mul(x, density));
});

/** x·Φ(x), exact (erf) GELU (Hendrycks & Gimpel, arXiv:1606.08415) */
export const geluOp = activation("gelu", 5, geluGradientOp, {
  // Φ(x)
  sharesParts: true,
  onnx: onnxNode("Gelu"),
  decompose: ([x]) => [mul(x!, normalCdf(x!))],
});

export const gelu = (x: Value): Value => apply(geluOp, [x]);

const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;

/** tanh(√(2/π)·(x + 0.044715·x³)) */
const tanhCurve = (x: Value): Value => tanh(mul(mul(x, TANH_SCALE), add(mul(mul(x, x), TANH_CUBIC), 1)));

/** g·(½(1 + t) + ½x·(1 − t²)·√(2/π)(1 + 3·0.044715x²)), t the tanh */
export const geluTanhGradientOp = activationGradient("geluTanhGradient", 18, (x) => {
  const t = tanhCurve(x);
  const inner = mul(add(mul(mul(x, x), 3 * TANH_CUBIC), 1), TANH_SCALE);
  return add(mul(add(t, 1), 0.5), mul(mul(mul(x, 0.5), sub(1, mul(t, t))), inner));
});

/** ½x·(1 + tanh(√(2/π)(x + 0.044715x³))), GELU's tanh form (arXiv:1606.08415 §2) */
export const geluTanhOp = activation("geluTanh", 8, geluTanhGradientOp, {
  onnx: "decompose",
  decompose: ([x]) => [mul(mul(x!, 0.5), add(tanhCurve(x!), 1))],
});

export const geluTanh = (x: Value): Value => apply(geluTanhOp, [x]);

/** g·(y + σ(x)·(1 − y)), y = x·σ(x) */
export const siluGradientOp = activationGradient("siluGradient", 6, (x) => {
  const s = sigmoid(x);
  const y = mul(x, s);
  return add(y, mul(s, sub(1, y)));
});

/** x·σ(x) (SiLU, swish) */
export const siluOp = activation("silu", 2, siluGradientOp, {
  onnx: "decompose",
  decompose: ([x]) => [mul(x!, sigmoid(x!))],
});

export const silu = (x: Value): Value => apply(siluOp, [x]);
