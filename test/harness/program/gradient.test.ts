import { describe, expect, it } from "vitest";
import {
  abs,
  add,
  attention,
  clip,
  constant,
  exp,
  gelu,
  gradients,
  greater,
  layerNorm,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pow,
  relu,
  reshape,
  type Shape,
  softmax,
  sqrt,
  stopGradient,
  sum,
  type Tensor,
  tanh,
  trace,
  type Value,
  where,
} from "../../../harness/program/index.ts";
import { layerNormOp } from "../../../harness/program/ops/normalization.ts";
import { applyAll } from "../../../harness/program/tensor.ts";
import { floats, floatsOf } from "../../conformance/ops-case.ts";
import { distance } from "../../conformance/ops-checks.ts";
import { interpret } from "../../reference/interpreter.ts";

/** ∂loss/∂x at x. */
function gradientAt(x: Tensor, loss: (x: Value) => Value): number[] {
  const program = trace("loss", (p) => {
    const value = p.input("x", x.shape);
    p.output("value", value);
    p.output("g", gradients(loss(value), [value])[0]!);
  });
  return [...interpret(program, { x }).outputs.g!.data];
}

const vector = (...values: number[]): Tensor => floatsOf([values.length], values);

describe("gradients", () => {
  it("is 1 for the loss itself and 0 for what it does not depend on", () => {
    const program = trace("t", (p) => {
      const [x, y] = [p.input("x", []), p.input("y", [2])];
      const [gx, gy] = gradients(x, [x, y]);
      p.output("gx", gx!);
      p.output("gy", gy!);
      p.output("both", add(x, y));
    });
    const { outputs } = interpret(program, { x: floatsOf([], [3]), y: vector(1, 2) });
    expect([...outputs.gx!.data]).toEqual([1]);
    expect(outputs.gy).toMatchObject({ shape: [2] });
    expect([...outputs.gy!.data]).toEqual([0, 0]);
  });

  it("adds what comes back along every path of a shared expression", () => {
    // L = Σ (t·t + t), t = tanh x: ∂L = (2t + 1)(1 − t²)
    const x = vector(0.3, -1.2);
    const expected = [...x.data].map((v) => (2 * Math.tanh(v) + 1) * (1 - Math.tanh(v) ** 2));
    const found = gradientAt(x, (v) => {
      const t = tanh(v);
      return sum(add(mul(t, t), t));
    });
    expect(distance(Float64Array.from(found), Float64Array.from(expected))).toBeLessThan(1e-14);
  });

  it("differentiates by values between, and by one that another depends on", () => {
    const program = trace("between", (p) => {
      const x = p.input("x", [2]);
      const y = mul(x, x);
      const [gx, gy] = gradients(sum(mul(y, 3)), [x, y]);
      p.output("gx", gx!);
      p.output("gy", gy!);
    });
    const { outputs } = interpret(program, { x: vector(1, 2) });
    expect([...outputs.gx!.data]).toEqual([6, 12]);
    expect([...outputs.gy!.data]).toEqual([3, 3]);
  });

  it("takes a loss of one element whatever its rank, and refuses more", () => {
    expect(gradientAt(vector(5), (x) => reshape(mul(x, 2), [1, 1]))).toEqual([2]);
    expect(() => gradientAt(vector(1, 2), (x) => x)).toThrow("gradients: the loss must be a scalar, got [2]");
  });

  it("stops at stopGradient, and only there", () => {
    expect(gradientAt(vector(2, 3), (x) => sum(mul(stopGradient(x), x)))).toEqual([2, 3]);
    expect(gradientAt(vector(2, 3), (x) => sum(stopGradient(mul(x, x))))).toEqual([0, 0]);
  });

  it("differentiates twice: ∂²/∂x² of Σ x³·eˣ", () => {
    const x = vector(0.5, -1);
    const found = gradientAt(x, (v) => sum(gradients(sum(mul(mul(v, mul(v, v)), exp(v))), [v])[0]!));
    const expected = [...x.data].map((v) => (v ** 3 + 6 * v ** 2 + 6 * v) * Math.exp(v));
    expect(distance(Float64Array.from(found), Float64Array.from(expected))).toBeLessThan(1e-14);
  });

  it.each<[string, Shape, (x: Value) => Value]>([
    ["softmax", [1, 1, 1, 4], softmax],
    ["attention", [1, 1, 2, 2], (x) => attention(x, x, x)],
    ["gelu", [1, 1, 1, 4], gelu],
  ])("differentiates %s twice, as finite differences of the first gradient do", (_, shape, f) => {
    const x = floats(shape);
    const weighing = reshape(constantOf([0.3, -1, 2, 0.5]), shape);
    const first = (v: Value): Value => gradients(sum(mul(f(v), weighing)), [v])[0]!;
    const second = gradientAt(x, (v) => sum(mul(first(v), weighing)));
    const directional = (at: Tensor): number => {
      const program = trace("first", (p) => {
        p.output("d", sum(mul(first(p.input("x", shape)), weighing)));
      });
      return interpret(program, { x: at }).outputs.d!.data[0]!;
    };
    const step = 1e-5;
    const expected = second.map((_, i) => {
      const moved = (by: number): Tensor => ({
        ...x,
        data: Float64Array.from(x.data, (v, k) => v + (k === i ? by : 0)),
      });
      return (directional(moved(step)) - directional(moved(-step))) / (2 * step);
    });
    expect(distance(Float64Array.from(second), Float64Array.from(expected))).toBeLessThan(1e-8);
  });

  it("refuses to differentiate statistics, which have no rule, rather than leave them out", () => {
    const x = floats([2, 3]);
    const statistic = (v: Value): Value =>
      applyAll(layerNormOp, [v, constantOf([1, 1, 1]), constantOf([0, 0, 0])], { epsilon: 1e-5 })[1]!;
    expect(() => gradientAt(x, (v) => sum(statistic(v)))).toThrow(
      "layerNorm is differentiated through its first output only",
    );
    expect(() => gradientAt(x, (v) => sum(gradients(sum(mul(layerNorm(v), v)), [v])[0]!))).toThrow(
      "layerNorm is differentiated through its first output only",
    );
  });
});

const constantOf = (values: readonly number[]): Value =>
  constant({ dtype: "float32", shape: [values.length], data: Float64Array.from(values) });

describe("rules at ties and edges", () => {
  it.each<[string, Tensor, (x: Value) => Value, number[]]>([
    ["max shares equally", vector(1, 3, 3, 2), (x) => max(x), [0, 0.5, 0.5, 0]],
    ["maximum gives all to b", vector(2), (x) => sum(maximum(mul(x, 3), add(x, 4))), [1]],
    ["minimum gives all to b", vector(2), (x) => sum(minimum(mul(x, 3), add(x, 4))), [1]],
    ["relu is 0 at 0", vector(0, -1, 2), (x) => sum(relu(x)), [0, 0, 1]],
    ["abs is 0 at 0", vector(0, -1, 2), (x) => sum(abs(x)), [0, -1, 1]],
    ["clip is 0 at its bounds", vector(-1, 0, 1, 2), (x) => sum(clip(x, -1, 1)), [0, 1, 0, 0]],
    ["pow of a negative base", vector(-2), (x) => sum(pow(x, 3)), [12]],
    ["pow of 0", vector(0), (x) => sum(pow(x, 2)), [0]],
    ["mean", vector(1, 2, 3, 4), (x) => mean(x), [0.25, 0.25, 0.25, 0.25]],
    ["mean of rank 0", floatsOf([], [3]), (x) => mean(x), [1]],
    // The root's gradient at 0 is infinite; what was not chosen gets 0, not 0·∞.
    ["relu leaves an infinite gradient", vector(-1, 4), (x) => sum(sqrt(relu(x))), [0, 0.25]],
    ["maximum leaves an infinite gradient", vector(-1, 4), (x) => sum(sqrt(maximum(x, 0))), [0, 0.25]],
    ["minimum leaves an infinite gradient", vector(1, -4), (x) => sum(sqrt(neg(minimum(x, 0)))), [0, -0.25]],
    [
      "where leaves an infinite gradient",
      vector(-1, 4),
      (x) => sum(sqrt(where(greater(x, 0), x, 0))),
      [0, 0.25],
    ],
  ])("%s", (_, x, loss, expected) => {
    expect(gradientAt(x, loss)).toEqual(expected);
  });
});
