import { describe, expect, it } from "vitest";
import {
  adamw,
  adamwInputs,
  add,
  mul,
  scalar,
  square,
  sub,
  sum,
  type Tensor,
  type Tensors,
  trace,
  zeros,
} from "../../../harness/program/index.ts";
import { floats } from "../../conformance/ops-case.ts";
import { distance } from "../../conformance/ops-checks.ts";
import { interpret } from "../../reference/interpreter.ts";

const SETTINGS = { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, epsilon: 1e-6 };
const EMA_DECAY = 0.8;
const RATES = [0.1, 0.2, 0.05];

/** L = Σ (w·x + b − t)² */
const program = trace("step", (p) => {
  const x = p.input("x", [4]);
  const w = p.parameter("w", [4], zeros);
  const b = p.parameter("b", [], zeros);
  const loss = sum(square(sub(add(mul(w, x), b), p.input("t", [4]))));
  p.output("loss", loss);
  adamw(p, loss, { ...SETTINGS, clip: true, ema: true });
});

const data: Tensors = { x: floats([4]), t: floats([4]) };

interface Moments {
  value: number[];
  m: number[];
  v: number[];
  ema: number[];
}

const start = (value: number[]): Moments => ({
  value,
  m: value.map(() => 0),
  v: value.map(() => 0),
  ema: value,
});

/** ∂L/∂w and ∂L/∂b by hand. */
function gradientsOf(w: readonly number[], b: number): { w: number[]; b: number[] } {
  const residual = w.map((weight, i) => 2 * (weight * data.x!.data[i]! + b - data.t!.data[i]!));
  return { w: residual.map((r, i) => r * data.x!.data[i]!), b: [residual.reduce((a, r) => a + r, 0)] };
}

/** PyTorch's AdamW (decay first), then ema ← d·ema + (1 − d)·θ'. */
function update(state: Moments, gradient: readonly number[], step: number, rate: number): Moments {
  const { beta1, beta2, weightDecay, epsilon } = SETTINGS;
  const m = state.m.map((old, i) => beta1 * old + (1 - beta1) * gradient[i]!);
  const v = state.v.map((old, i) => beta2 * old + (1 - beta2) * gradient[i]! ** 2);
  const value = state.value.map((old, i) => {
    const unbiasedM = m[i]! / (1 - beta1 ** step);
    const unbiasedV = v[i]! / (1 - beta2 ** step);
    return old * (1 - rate * weightDecay) - (rate * unbiasedM) / (Math.sqrt(unbiasedV) + epsilon);
  });
  return { value, m, v, ema: state.ema.map((old, i) => EMA_DECAY * old + (1 - EMA_DECAY) * value[i]!) };
}

const tensor = (values: readonly number[], shape: readonly number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float64Array.from(values),
});

describe("adamw", () => {
  it.each([
    ["clipped to 0.5", 0.5],
    ["not clipped", Number.POSITIVE_INFINITY],
  ])("takes three steps as a plain float64 AdamW does: %s", (_, clip) => {
    let w = start([0.5, -0.3, 0.8, 0.1]);
    let b = start([0.2]);
    let state: Tensors = {
      w: tensor(w.value, [4]),
      b: tensor(b.value, []),
      "ema/w": tensor(w.value, [4]),
      "ema/b": tensor(b.value, []),
      "adam.m/small parameters": tensor([0, 0, 0, 0, 0], [5]),
      "adam.v/small parameters": tensor([0, 0, 0, 0, 0], [5]),
    };
    RATES.forEach((learningRate, step) => {
      const inputs = adamwInputs({ step, learningRate, ...SETTINGS, clip, emaDecay: EMA_DECAY });
      const run = interpret(program, { ...data, ...inputs }, state);

      const gradient = gradientsOf(w.value, b.value[0]!);
      const norm = Math.hypot(...gradient.w, ...gradient.b);
      expect(run.outputs.gradientNorm!.data[0]).toBeCloseTo(norm, 12);
      expect(norm).toBeGreaterThan(0.5);
      const scale = Math.min(1, clip / (norm + 1e-6));
      w = update(
        w,
        gradient.w.map((g) => g * scale),
        step + 1,
        learningRate,
      );
      b = update(
        b,
        gradient.b.map((g) => g * scale),
        step + 1,
        learningRate,
      );
      state = run.state;
      for (const [name, expected] of Object.entries({
        w: w.value,
        b: b.value,
        // Moments are kept as sums: Adam's own times 1/(1 − β).
        "adam.m/small parameters": [...w.m, ...b.m].map((m) => m / (1 - SETTINGS.beta1)),
        "adam.v/small parameters": [...w.v, ...b.v].map((v) => v / (1 - SETTINGS.beta2)),
        "ema/w": w.ema,
        "ema/b": b.ema,
      }))
        expect(
          distance(state[name]!.data, Float64Array.from(expected)),
          `${name}, step ${step}`,
        ).toBeLessThan(1e-12);
    });
  });

  it("declares its states: moments from zero, averages as copies, none of them trained", () => {
    const initialisers = Object.fromEntries(
      program.states.map(({ name, initialiser }) => [name, initialiser]),
    );
    expect(initialisers["adam.m/small parameters"]).toEqual(zeros);
    expect(initialisers["ema/w"]).toEqual({ kind: "copyOf", state: "w" });
    expect(program.parameters).toBe(5);
    expect(program.updates.map(({ name }) => name).toSorted()).toEqual(
      program.states.map(({ name }) => name).toSorted(),
    );
  });

  it("leaves a parameter the loss does not reach to its decay", () => {
    const idle = trace("idle", (p) => {
      const w = p.parameter("w", [], zeros);
      p.parameter("idle", [2], zeros);
      adamw(p, square(w), { ...SETTINGS, weightDecay: 0.5 });
    });
    const state = Object.fromEntries(
      idle.states.map(({ name, value: { shape } }) => [
        name,
        tensor(new Array(shape[0] ?? 1).fill(name.startsWith("adam") ? 0 : 2), shape),
      ]),
    );
    const inputs = adamwInputs({ step: 0, learningRate: 0.5, beta1: 0.9, beta2: 0.95 });
    expect([...interpret(idle, inputs, state).state.idle!.data]).toEqual([1.5, 1.5]);
  });

  it("refuses a program without parameters", () => {
    expect(() => trace("none", (p) => adamw(p, mul(p.input("x", []), 1), SETTINGS))).toThrow(
      "adamw: expected parameters, got none",
    );
  });
});

it("scalar is a float32 of rank 0", () => {
  expect(scalar(0.1)).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(0.1) });
});
