/** Every training step of our models with its blocks computed anew, beside the same with all of them kept. */
import { expect, it } from "vitest";
import { type Program, peakBytes, sizeOf, type Tensors } from "../../../harness/program/index.ts";
import onnxruntime from "../../../plugins/backends/onnxruntime/index.ts";
import { consistencyTuningStage } from "../../../plugins/models/epg/consistency.ts";
import { diffusionStage } from "../../../plugins/models/epg/diffusion.ts";
import { pretrainingStage } from "../../../plugins/models/epg/pretraining.ts";
import { recipeOf } from "../../../plugins/models/epg/recipes.ts";
import { ditStep } from "../../../plugins/models/latent/dit-stage.ts";
import { vaeStep } from "../../../plugins/models/latent/vae-stage.ts";
import { ints, uniforms } from "../../conformance/ops-case.ts";
import { distance } from "../../conformance/ops-checks.ts";
import { interpret } from "../../reference/interpreter.ts";

const BATCH = 4;
const LARGE_BATCH = 256;
const shape = {
  ...{ resolution: 8, patch: 4, width: 16, depth: 2, heads: 2, classes: 3, tokens: 1 },
  ...{ decoderWidth: 8, decoderDepth: 2, decoderHeads: 2, positionAmplitude: null, classDeviation: 1 },
};
// The published recipe drops out, and clips.
const recipe = recipeOf("L/16");
const common = { name: "", shape, recipe, steps: null, share: 1 };
const projector = { layers: 3, hidden: 8, out: 4 };
const dit = {
  ...{ side: 4, latentChannels: 2, patch: 2, width: 16, depth: 3, heads: 2 },
  ...{ classes: 3, outputChannels: 4 },
};
const autoencoder = { channels: [8, 16], blocks: 1, groups: 4, latentChannels: 2 };

const STEPS: Readonly<Record<string, (recompute: boolean, batch: number) => Program>> = {
  "EPG's pre-training": (recompute, batchSize) =>
    pretrainingStage({
      ...common,
      recompute,
      batchSize,
      projector,
      temperature: "annealed",
      weights: "online",
    }).program,
  "EPG's diffusion": (recompute, batchSize) =>
    diffusionStage({ ...common, recompute, batchSize, pretrained: false }).program,
  "EPG's diffusion in micro-batches": (recompute, batchSize) =>
    diffusionStage({ ...common, recompute, batchSize, microBatch: batchSize / 2, pretrained: false }).program,
  "EPG's consistency": (recompute, batchSize) =>
    consistencyTuningStage({ ...common, recompute, batchSize, projector, size: "L/16", pretrained: true })
      .program,
  DiT: (recompute, batchSize) => ditStep(dit, batchSize, "diffusion", undefined, batchSize, recompute),
  SiT: (recompute, batchSize) => ditStep(dit, batchSize, "flow", undefined, batchSize, recompute),
  VAE: (recompute, batchSize) =>
    vaeStep(autoencoder, batchSize, 8, { perceptual: null, adversarialWeight: null }, batchSize, recompute),
};

const inputsOf = ({ inputs }: Program): Tensors =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape: own }], i) => [
      name,
      dtype === "int32"
        ? ints(
            own,
            Array.from({ length: sizeOf(own) }, (_, k) => k % 3),
          )
        : { dtype: "float32", shape: own, data: Float32Array.from(uniforms(sizeOf(own), 900 + i)) },
    ]),
  );

const stateOf = ({ states }: Program): Tensors =>
  Object.fromEntries(
    states.map(({ name, value: { shape: own } }, i) => {
      const positive = /^adam.v|running_var/.test(name);
      const data = Float32Array.from(uniforms(sizeOf(own), i), (u) => (positive ? u : u - 0.5));
      return [name, { dtype: "float32", shape: own, data }];
    }),
  );

it.each(Object.entries(STEPS))("%s: the same bits, by the same work, in less memory", (_, stepOf) => {
  const [kept, anew] = [stepOf(false, BATCH), stepOf(true, BATCH)];
  const [inputs, state] = [inputsOf(kept), stateOf(kept)];
  expect(interpret(anew, inputs, state)).toEqual(interpret(kept, inputs, state));
  expect({ macs: anew.macs, flops: anew.flops }).toEqual({ macs: kept.macs, flops: kept.flops });
  expect(anew.recomputed.macs).toBeGreaterThan(0);
  expect(anew.recomputed.macs).toBeLessThan(anew.macs / 2);
  const large = stepOf(false, LARGE_BATCH);
  expect(peakBytes(large.recomputing!())).toBeLessThan(0.8 * peakBytes(large));
  expect(peakBytes(stepOf(true, LARGE_BATCH))).toBe(peakBytes(large.recomputing!()));
  expect(anew.recomputing).toBeNull();
});

it.each(["EPG's consistency", "DiT"])("%s: the same on ONNX Runtime", async (name) => {
  const [kept, anew] = [STEPS[name]!(false, BATCH), STEPS[name]!(true, BATCH)];
  const [inputs, state] = [inputsOf(kept), stateOf(kept)];
  const backend = await onnxruntime.open({ threads: 1 } as never);
  const resultsOf = async (program: Program): Promise<Tensors> => {
    const executable = await backend.compile(program, state);
    const outputs = await executable.run(inputs);
    const results = { ...outputs, ...(await executable.readState()) };
    await executable.dispose();
    return results;
  };
  const [expected, found] = [await resultsOf(kept), await resultsOf(anew)];
  for (const [key, { data }] of Object.entries(expected))
    expect(distance(found[key]!.data, data), key).toBeLessThan(1e-6);
});
