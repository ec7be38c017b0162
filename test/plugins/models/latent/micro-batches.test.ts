/** Both stages in parts of their batch learn as in one. */
import { expect, it } from "vitest";
import { adamwInputs, scalar, type Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import model from "../../../../plugins/models/latent/index.ts";
import { floats, ints } from "../../../conformance/ops-case.ts";
import { distance } from "../../../conformance/ops-checks.ts";
import { compile } from "./fixtures.ts";

const task = { resolution: 16, classes: 2 };
const BATCHES = { vae: { batchSize: 2 }, dit: { batchSize: 2 } };
const stagesOf = (options: object) => model.stages(model.schema.parse(options) as never, task);

it.each([
  ["VAE", {}],
  ["SiT", { objective: "flow" }],
  ["DiT", { latents: "every step" }],
] as const)("%s %o: one image at once", async (name, options) => {
  const [whole, parts] = [2, 1].map(
    (microBatch) => stagesOf({ ...BATCHES, ...options, microBatch }).find((stage) => stage.name === name)!,
  );
  expect(Object.keys(parts!.program.inputs)).toEqual(Object.keys(whole!.program.inputs));
  expect(parts!.program.parameters).toBe(whole!.program.parameters);
  const inputs: Tensors = {
    ...Object.fromEntries(
      Object.entries(whole!.program.inputs).map(([key, { shape, dtype }]) => [
        key,
        dtype === "int32" ? ints(shape, [2, 1]) : floats(shape),
      ]),
    ),
    latentScale: scalar(0.7),
    ...adamwInputs({ step: 0, learningRate: 1e-3, beta1: 0.9, beta2: 0.999, emaDecay: 0.9 }),
  };
  const given = Object.fromEntries(Object.keys(whole!.program.inputs).map((key) => [key, inputs[key]!]));
  const state = initialState(whole!.program, createStream(0, "initial"));
  const [expected, found] = await Promise.all(
    [whole!, parts!].map(async ({ program }) => {
      const executable = await compile(program, state);
      const outputs = [await executable.run(given), await executable.run(given)];
      await executable.dispose();
      return outputs;
    }),
  );
  expect(Object.keys(found![0]!)).toEqual(Object.keys(expected![0]!));
  // The second outputs are of weights that the first gradients changed.
  for (const step of [0, 1])
    for (const [key, { data }] of Object.entries(expected![step]!))
      expect(distance(found![step]![key]!.data, data), `${key}, step ${step + 1}`).toBeLessThan(1e-4);
});

it("refuses unequal parts, and those of a discriminator's batch", () => {
  expect(() => stagesOf({ dit: { batchSize: 32 }, microBatch: 5 })).toThrow(
    "microBatch is 5, the batch of the dit 32 images: its parts must be equal",
  );
  expect(() => stagesOf({ ...BATCHES, vae: { adversarial: {} }, microBatch: 1 })).toThrow(
    "vae.adversarial take all images of a batch together",
  );
  expect(() => stagesOf({ ...BATCHES, microBatch: 64 })).not.toThrow();
  expect(model.schema.safeParse({ weights: "a.safetensors", microBatch: 2 }).success).toBe(false);
});
