/** Element-wise operations of two inputs, with NumPy broadcasting. */
import { apply, type Cut, type Op, type Value } from "../tensor.ts";
import { greater, where } from "./comparison.ts";
import { asValue, type Operand } from "./constant.ts";
import { log, neg } from "./elementwise.ts";
import { sum } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { broadcastShapes, elementwiseCost, onnxNode, requireFloat } from "./shared.ts";

/** The gradient of a broadcast input: summed over the axes along which it was repeated. */
export function unbroadcast(g: Value, like: Value): Value {
  const offset = g.shape.length - like.shape.length;
  const axes = g.shape.flatMap((side, axis) =>
    axis < offset || (like.shape[axis - offset] === 1 && side !== 1) ? [axis] : [],
  );
  return reshape(axes.length === 0 ? g : sum(g, axes), like.shape);
}

type BinaryGradient = (g: Value, a: Value, b: Value, y: Value) => readonly [Value, Value];

const binary = (name: string, onnx: string, gradient: BinaryGradient, cuts: readonly Cut[] = []): Op => ({
  name,
  pointwise: true,
  cuts: () => cuts,
  shape: ([a, b]) => {
    requireFloat(name, a!, b!);
    return [{ dtype: "float32", shape: broadcastShapes(name, a!.shape, b!.shape) }];
  },
  gradient: ({ inputs, outputs }, [g]) => {
    const [a, b] = inputs as readonly [Value, Value];
    const [ga, gb] = gradient(g!, a, b, outputs[0]!);
    return [unbroadcast(ga, a), unbroadcast(gb, b)];
  },
  cost: elementwiseCost(1),
  onnx: onnxNode(onnx),
});

const ADDITIVE: readonly Cut[] = [{ inputs: ["sum", "sum"], outputs: ["sum"] }];
const LINEAR_IN_FIRST: Cut = { inputs: ["sum", null], outputs: ["sum"] };
const LINEAR_IN_SECOND: Cut = { inputs: [null, "sum"], outputs: ["sum"] };

/** a + b */
export const addOp = binary("add", "Add", (g) => [g, g], ADDITIVE);
/** a − b */
export const subOp = binary("sub", "Sub", (g) => [g, neg(g)], ADDITIVE);
/** a · b */
export const mulOp = binary("mul", "Mul", (g, a, b) => [mul(g, b), mul(g, a)], [
  LINEAR_IN_FIRST,
  LINEAR_IN_SECOND,
]);
/** a / b; ∂b = −g·y/b */
export const divOp = binary("div", "Div", (g, _a, b, y) => [div(g, b), neg(div(mul(g, y), b))], [
  LINEAR_IN_FIRST,
]);
/** aᵇ for a > 0; ∂a = g·b·a^(b−1), ∂b = g·y·ln a */
export const powOp = binary("pow", "Pow", (g, a, b, y) => [
  mul(g, mul(b, pow(a, sub(b, 1)))),
  mul(g, mul(y, log(a))),
]);
/** max(a, b); at equality the gradient goes to b */
export const maximumOp = binary("maximum", "Max", (g, a, b) => {
  const first = greater(a, b);
  return [where(first, g, 0), where(first, 0, g)];
});
/** min(a, b); at equality the gradient goes to b */
export const minimumOp = binary("minimum", "Min", (g, a, b) => {
  const first = greater(b, a);
  return [where(first, g, 0), where(first, 0, g)];
});

const of =
  (op: Op) =>
  (a: Operand, b: Operand): Value =>
    apply(op, [asValue(a), asValue(b)]);

export const add = of(addOp);
export const sub = of(subOp);
export const mul = of(mulOp);
export const div = of(divOp);
export const pow = of(powOp);
export const maximum = of(maximumOp);
export const minimum = of(minimumOp);

/** x² */
export const square = (x: Value): Value => mul(x, x);
