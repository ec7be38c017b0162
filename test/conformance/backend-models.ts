/** The losses of whole networks, small, and the gradients of all their parameters, against the reference. */
import { expect, it } from "vitest";
import type { Backend } from "../../harness/plugin.ts";
import {
  add,
  gradients,
  mean,
  mul,
  type Program,
  type Shape,
  sizeOf,
  square,
  sub,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
  type Value,
} from "../../harness/program/index.ts";
import { denoisingLoss } from "../../plugins/models/epg/losses.ts";
import {
  decode,
  divergenceFromNormal,
  encode,
  posteriorOf,
  samplePosterior,
} from "../../plugins/models/latent/autoencoder.ts";
import { dit } from "../../plugins/models/latent/dit.ts";
import { timeOf } from "../../plugins/models/solvers/levels.ts";
import { interpret } from "../reference/interpreter.ts";
import { floats, floatsOf, ints, uniforms } from "./ops-case.ts";
import { distance } from "./ops-checks.ts";

interface Case {
  readonly inputs: Tensors;
  readonly loss: (p: Tracer) => Value;
}

const squaredError = (a: Value, b: Value): Value => mean(square(sub(a, b)));

const CASES: Readonly<Record<string, Case>> = {
  EPG: {
    inputs: {
      x0: floats([2, 3, 8, 8]),
      noise: floats([2, 3, 8, 8]),
      labels: ints([2], [0, 3]),
      sigma: floatsOf([2], [0.1, 4]),
      time: floatsOf([2], [timeOf(0.1), timeOf(4)]),
      weight: floatsOf([2], [1, 0.5]),
    },
    loss(p) {
      const shape = {
        ...{ resolution: 8, patch: 4, width: 16, depth: 2, heads: 2, classes: 3, tokens: 1 },
        ...{ decoderWidth: 8, decoderDepth: 1, decoderHeads: 2, positionAmplitude: null, classDeviation: 1 },
      };
      return denoisingLoss(
        p,
        shape,
        {
          x0: p.input("x0", [2, 3, 8, 8]),
          noise: p.input("noise", [2, 3, 8, 8]),
          labels: p.input("labels", [2], "int32"),
          level: { sigma: p.input("sigma", [2]), time: p.input("time", [2]) },
        },
        p.input("weight", [2]),
      ).loss;
    },
  },
  DiT: {
    inputs: {
      x: floats([2, 2, 4, 4]),
      t: floatsOf([2], [3, 700]),
      labels: ints([2], [2, 0]),
      target: floats([2, 4, 4, 4]),
    },
    loss(p) {
      const config = {
        ...{ side: 4, latentChannels: 2, patch: 2, width: 16, depth: 2, heads: 2 },
        ...{ classes: 3, outputChannels: 4 },
      };
      const out = dit(
        p,
        p.input("x", [2, 2, 4, 4]),
        p.input("t", [2]),
        p.input("labels", [2], "int32"),
        config,
      );
      return squaredError(out, p.input("target", [2, 4, 4, 4]));
    },
  },
  AutoencoderKL: {
    inputs: { x: floats([2, 3, 8, 8], -1, 1), noise: floats([2, 2, 4, 4]) },
    loss(p) {
      const config = { channels: [8, 16], blocks: 1, groups: 4, latentChannels: 2 };
      const x = p.input("x", [2, 3, 8, 8]);
      const posterior = posteriorOf(encode(p, x, config));
      const found = decode(p, samplePosterior(posterior, p.input("noise", [2, 2, 4, 4])), config);
      return add(squaredError(found, x), mul(mean(divergenceFromNormal(posterior)), 1e-3));
    },
  },
};

/** Outputs `loss` and `grad.<parameter>`. */
const withGradients = (name: string, { loss }: Case, recompute = false): Program =>
  trace(
    name,
    (p) => {
      const value = loss(p);
      const parameters = p.parameters();
      p.output("loss", value);
      gradients(
        value,
        parameters.map((one) => one.value),
      ).forEach((gradient, i) => {
        p.output(`grad.${parameters[i]!.name}`, gradient);
      });
    },
    { recompute },
  );

/** Random everywhere: weights that begin at zero would hide what lies behind them. */
const drawn = ({ shape }: { shape: Shape }, middle: number, seed: number): Tensor => ({
  dtype: "float32",
  shape,
  data: uniforms(sizeOf(shape), seed).map((u) => middle + 0.6 * (u - 0.5)),
});

/** Of a tensor's largest number, or of a thousandth of the largest gradient: some are zero but for rounding. */
const TOLERANCE = { float32: 1e-4, tensorfloat32: 0.0125, bfloat16: 0.1 } as const;

export function backendDifferentiatesModels(backend: () => Backend): void {
  const cases = [
    ...Object.entries(CASES).map(([name, one]) => [name, one, false] as const),
    ["EPG, its blocks computed anew", CASES.EPG!, true] as const,
  ];
  it.each(cases)("%s: its loss and all gradients", async (name, one, recompute) => {
    const program = withGradients(name, one, recompute);
    const state = Object.fromEntries(
      program.states.map(({ name: key, value, initialiser }, i) => {
        const middle = initialiser.kind === "constant" ? initialiser.value : 0;
        return [key, drawn(value, middle, 500 + i)];
      }),
    );
    const expected = interpret(withGradients(name, one), one.inputs, state).outputs;
    const executable = await backend().compile(program, state);
    const found = await executable.run(one.inputs);
    await executable.dispose();
    const largest = Math.max(...Object.values(expected).flatMap(({ data }) => Array.from(data, Math.abs)));
    expect(program.states.length).toBeGreaterThan(20);
    for (const [key, { data }] of Object.entries(expected))
      expect(distance(found[key]!.data, data, largest / 1000), key).toBeLessThan(
        TOLERANCE[backend().precision],
      );
  });
}
