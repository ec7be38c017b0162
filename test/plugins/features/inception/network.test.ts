import { describe, expect, it } from "vitest";
import {
  add,
  constant,
  conv2d,
  div,
  mul,
  type Program,
  relu,
  reshape,
  sqrt,
  sub,
  type Tensor,
  type Tensors,
  type Tracer,
  type Value,
  zeros,
} from "../../../../harness/program/index.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import { EPSILON, foldedStates } from "../../../../plugins/features/inception/fold.ts";
import type { Unit } from "../../../../plugins/features/inception/network.ts";
import { inceptionProgram, TAPS, type Tap } from "../../../../plugins/features/inception/program.ts";
import { expectedStateDict } from "../../../../plugins/features/inception/state-dict.ts";
import { deterministicWeights } from "./deterministic-weights.ts";

/** Batch norm as published: γ(x − mean)/√(var + ε) + β, after a convolution without bias. */
const unfoldedUnit =
  (p: Tracer): Unit =>
  (x, { name, out, in: channels, kernel, stride, padding }) => {
    const weight = p.state(`${name}.conv.weight`, [out, channels, ...kernel], zeros);
    const norm = (part: string): Value => reshape(p.state(`${name}.bn.${part}`, [out], zeros), [out, 1, 1]);
    const centred = sub(conv2d(x, weight, undefined, { stride, padding }), norm("running_mean"));
    const deviation = sqrt(add(norm("running_var"), constant(EPSILON)));
    return relu(add(mul(norm("weight"), div(centred, deviation)), norm("bias")));
  };

const input: Tensors = {
  x: {
    dtype: "float32",
    shape: [1, 3, 299, 299],
    data: Float32Array.from({ length: 3 * 299 * 299 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
  },
};

async function outputsOf(program: Program, states: Tensors): Promise<Tensors> {
  const network = await (await onnxruntime.open({ threads: 2 } as never)).compile(program, states);
  const outputs = await network.run(input);
  await network.dispose();
  return outputs;
}

const worstGap = (a: Tensor, b: Tensor): number =>
  (a.data as Float32Array).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b.data[i]!)), 0);

const taps = Object.keys(TAPS) as Tap[];

describe("inceptionProgram", { timeout: 300_000 }, () => {
  const dict = deterministicWeights(true);
  const states = foldedStates(dict);

  it("gives with batch norms folded what it gives with them", async () => {
    const published = Object.fromEntries(
      expectedStateDict().map(({ name, shape }): [string, Tensor] => [
        name,
        { dtype: "float32", shape, data: dict.get(name)! },
      ]),
    );
    const expected = await outputsOf(inceptionProgram(taps, 1, unfoldedUnit), published);
    const found = await outputsOf(inceptionProgram(taps, 1), states);
    for (const [tap, width] of Object.entries(TAPS)) {
      expect(found[tap]!.shape, tap).toEqual([1, width]);
      expect(worstGap(found[tap]!, expected[tap]!), tap).toBeLessThan(2e-5);
    }
  });

  it("ends after the last tap asked for", async () => {
    const whole = inceptionProgram(taps, 1);
    expect(whole.macs / 1e9).toBeCloseTo(5.713, 2);
    const costs = (["64", "192", "spatial", "768", "2048", "logits"] as const).map(
      (tap) => inceptionProgram([tap], 1).macs,
    );
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    expect(new Set(costs).size).toBe(costs.length);
    const stem = inceptionProgram(["64"], 1);
    expect(stem.states.length).toBe(6);
    expect(Object.keys(stem.outputs)).toEqual(["64"]);
  });

  it("tells the logits from those without bias", async () => {
    const { logits, logits_unbiased } = await outputsOf(
      inceptionProgram(["logits", "logits_unbiased"], 1),
      states,
    );
    const bias = dict.get("fc.bias")!;
    logits!.data.forEach((value, k) => {
      expect(value - logits_unbiased!.data[k]!).toBeCloseTo(bias[k]!, 4);
    });
  });
});
