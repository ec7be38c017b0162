import { describe, expect, it } from "vitest";
import {
  adamw,
  adamwInputs,
  gelu,
  linear,
  mean,
  microBatches,
  normal,
  type Program,
  peakBytes,
  square,
  sub,
  type Tensors,
  type Tracer,
  trace,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";
import { floats } from "../../conformance/ops-case.ts";
import { distance } from "../../conformance/ops-checks.ts";
import { interpret } from "../../reference/interpreter.ts";
import { depthFirst } from "./depth-first.ts";
import { stateOf } from "./states.ts";

const BATCH = 6;
const WIDTH = 5;

function lossOf(p: Tracer, size: number): Value {
  const hidden = linear(p.input("x", [size, WIDTH]), p.parameter("w", [16, WIDTH], normal(1)));
  const found = linear(gelu(hidden), p.parameter("v", [2, 16], normal(1)), p.parameter("b", [2], zeros));
  return mean(square(sub(found, p.input("target", [size, 2]))));
}

const step = (size: number, batch = BATCH): Program =>
  trace("step", (p) => {
    const { loss, gradients } = microBatches(p, batch, size, (part) => ({ loss: lossOf(part, size) }));
    p.output("loss", loss);
    adamw(p, loss, { beta1: 0.9, beta2: 0.99, weightDecay: 0.1, clip: true, ema: true, gradients });
  });

const inputs: Tensors = {
  x: floats([BATCH, WIDTH]),
  target: floats([BATCH, 2]),
  ...adamwInputs({ step: 0, learningRate: 0.1, beta1: 0.9, beta2: 0.99, clip: 0.5, emaDecay: 0.9 }),
};

it("means a loss's terms as the loss", () => {
  const program = trace("terms", (p) => {
    const { loss, terms } = microBatches(p, BATCH, 2, (part) => {
      const value = lossOf(part, 2);
      return { loss: value, terms: { again: value } };
    });
    p.output("loss", loss);
    p.output("again", terms.again!);
  });
  const { x, target } = inputs;
  const { loss, again } = interpret(program, { x: x!, target: target! }, stateOf(program)).outputs;
  expect(again).toEqual(loss);
});

describe("micro-batches", () => {
  const whole = step(BATCH);
  const expected = interpret(whole, inputs, stateOf(whole));

  it.each([1, 2, 3])(
    "of %i images: the loss, the gradient's norm and the states of the whole batch",
    (size) => {
      const program = step(size);
      expect(Object.keys(program.inputs)).toEqual(Object.keys(whole.inputs));
      expect(program.macs).toBe(whole.macs);
      expect(program.recomputed).toEqual({ macs: 0, flops: 0 });
      const found = interpret(program, inputs, stateOf(program));
      for (const part of ["outputs", "state"] as const)
        for (const [name, { data }] of Object.entries(expected[part]))
          expect(distance(found[part][name]!.data, data), name).toBeLessThan(1e-12);
    },
  );

  it.each([
    ["the program's order", (program: Program) => program],
    ["an engine's own", depthFirst],
  ])("need less memory, in %s", (_, ordered) => {
    const peaks = [50, 100, 200, 400].map((size) => peakBytes(ordered(step(size, 400))));
    expect(peaks).toEqual(peaks.toSorted((a, b) => a - b));
    expect(peaks[0]! / peaks[3]!).toBeLessThan(0.3);
  });

  it("must divide the batch, and give out no part's results", () => {
    expect(() => step(4)).toThrow("4 images a part must divide the batch of 6");
    const telling = (tell: (p: Tracer, value: Value) => void) =>
      trace("telling", (p) => {
        microBatches(p, BATCH, 2, (part) => {
          const loss = lossOf(part, 2);
          tell(part, loss);
          return { loss };
        });
      });
    expect(() => telling((p, value) => p.output("part", value))).toThrow("output part would be of one part");
    expect(() => telling((p, value) => p.update("w", value))).toThrow("update of w would be by one part");
  });
});
