import { describe, expect, it } from "vitest";
import {
  adamw,
  adamwInputs,
  gelu,
  linear,
  mean,
  mul,
  normal,
  type Program,
  peakBytes,
  square,
  sub,
  type Tensors,
  trace,
  waitFor,
  zeros,
} from "../../../harness/program/index.ts";
import { floats } from "../../conformance/ops-case.ts";
import { interpret } from "../../reference/interpreter.ts";
import { depthFirst } from "./depth-first.ts";
import { stateOf } from "./states.ts";

const WIDTH = 4;

/** A step of a chain of `depth` blocks, the first of which is used again at the end. */
const step = (recompute: boolean, batch = 3, depth = 6): Program =>
  trace(
    "step",
    (p) => {
      const mask = mul(p.input("mask", [batch, WIDTH]), 2);
      let x = mul(p.input("x", [batch, WIDTH]), 0.5);
      for (let i = 0; i <= depth; i++) {
        const own = p.scope(`blocks.${i % depth}.`);
        const before = x;
        x = p.block(() => {
          const hidden = gelu(
            linear(before, own.parameter("w", [16, WIDTH], normal(1)), own.parameter("b", [16], zeros)),
          );
          return sub(linear(hidden, own.parameter("v", [WIDTH, 16], normal(1))), mul(before, mask));
        });
      }
      const loss = mean(square(x));
      p.output("loss", loss);
      adamw(p, loss, { beta1: 0.9, beta2: 0.99, weightDecay: 0.1, clip: true });
    },
    { recompute },
  );

const inputs: Tensors = {
  x: floats([3, WIDTH]),
  mask: floats([3, WIDTH]),
  ...adamwInputs({ step: 0, learningRate: 0.1, beta1: 0.9, beta2: 0.99, clip: 0.5 }),
};

describe("blocks that are computed anew", () => {
  const [kept, anew] = [step(false), step(true)];

  it("give the same bits: the loss, the gradient's norm, the states", () => {
    const state = stateOf(kept);
    expect(interpret(anew, inputs, state)).toEqual(interpret(kept, inputs, state));
  });

  it("cost their forward pass once more, told apart from the work of the mathematics", () => {
    expect({ macs: anew.macs, flops: anew.flops }).toEqual({ macs: kept.macs, flops: kept.flops });
    // The last product of a block is read by nothing behind it: six of seven outputs go into the next block alone.
    expect(anew.recomputed.macs).toBe(7 * 3 * 16 * WIDTH);
    expect(kept.recomputed).toEqual({ macs: 0, flops: 0 });
  });

  it.each([
    ["its own order", (program: Program) => program],
    ["an engine's", depthFirst],
  ])("need less memory the deeper the network is, in %s", (_, ordered) => {
    const peaks = (recompute: boolean) =>
      [8, 16].map((depth) => peakBytes(ordered(step(recompute, 1024, depth))));
    const [keptBytes, anewBytes] = [peaks(false), peaks(true)];
    expect(keptBytes[0]! / anewBytes[0]!).toBeGreaterThan(2);
    // What a block adds: its input, of WIDTH numbers a row.
    expect(anewBytes[1]! - anewBytes[0]!).toBeLessThan(8 * 1024 * (WIDTH + 1) * 4);
  });

  it("are what they are made of where nothing is differentiated", () => {
    const forward = (recompute: boolean) =>
      trace(
        "forward",
        (p) =>
          p.output(
            "y",
            p.block(() => mul(p.input("x", [2]), 2)),
          ),
        { recompute },
      );
    expect(forward(true).nodes.map(({ op }) => op.name)).toEqual(
      forward(false).nodes.map(({ op }) => op.name),
    );
  });
});

describe("waiting", () => {
  it("costs nothing and is kept: what waits is another value, until nothing is waited for", () => {
    const program = trace("waiting", (p) => {
      const x = p.input("x", [2]);
      p.output("y", square(x));
      p.output("late", square(waitFor(x, [p.input("other", [3])])));
      p.output("at once", square(waitFor(x, [])));
    });
    expect(program.nodes.filter(({ op }) => op.name === "mul")).toHaveLength(2);
    expect(program).toMatchObject({ flops: 2, recomputed: { flops: 2 } });
  });
});
