import { expect, it } from "vitest";
import { countingRuntime } from "../../../harness/measure/counting.ts";
import type { Model } from "../../../harness/plugin.ts";
import type { Tensors } from "../../../harness/program/index.ts";
import { createStream } from "../../../harness/random/index.ts";
import { drySampling } from "../../../harness/run/dry-sampling.ts";
import { initialState } from "../../../harness/run/initial-state.ts";
import onnxruntime from "../../../plugins/backends/onnxruntime/index.ts";
import epg from "../../../plugins/models/epg/index.ts";
import latent from "../../../plugins/models/latent/index.ts";

const TASK = { resolution: 32, classes: 8 };
const dry = <Options>(model: Model<Options>, options: unknown) =>
  drySampling(model as unknown as Model, model.schema.parse(options) as never, TASK, { baseFolder: "." });
const levels = { steps: 32 };

/** 12 of the calls lie in (.19, 1.61] (arXiv 2510.12586: 75 calls). */
const guidance = { scale: 2 };

it.each([
  [{ sampler: { kind: "heun", ...levels } }, 63],
  [{ sampler: { kind: "heun", ...levels }, guidance }, 75],
  [{ sampler: { kind: "heunReleased", ...levels }, guidance }, 74],
  [{ sampler: { kind: "euler", steps: 10 } }, 10],
  [{ sampler: { kind: "eulerReleased", steps: 10 } }, 9],
  [{ sampler: { kind: "edmStochastic", steps: 10 } }, 19],
  // The poor network is called beside the other at every level.
  [{ sampler: { kind: "euler", steps: 10 }, guidance: { kind: "autoguidance", scale: 2 } }, 20],
  [{ objective: "consistency" }, 1],
])("EPG %j makes %d calls", async (options, calls) => {
  const { nfe, decoderCalls, macsPerImage, decoderMacsPerImage } = await dry(epg, options);
  expect([nfe, decoderCalls, decoderMacsPerImage]).toEqual([calls, 0, 0]);
  expect(macsPerImage).toBeGreaterThan(0);
});

it.each([
  [{ sampler: { kind: "ddim", steps: 50 }, guidance: { scale: 1 } }, 50],
  [{ sampler: { kind: "ddpm", steps: 25 }, guidance: { scale: 1.5 } }, 50],
  [{ sampler: { kind: "heun", ...levels }, guidance: { scale: 1.5, low: 0.19, high: 1.61 } }, 75],
  [{ objective: "flow", sampler: { kind: "sde", steps: 250 }, guidance: { scale: 1.5 } }, 500],
])("VAE + DiT %j makes %d calls and decodes once", async (options, calls) => {
  const found = await dry(latent, options);
  expect([found.nfe, found.decoderCalls]).toEqual([calls, 1]);
  expect(found.decoderMacsPerImage).toBeGreaterThan(0);
  expect(found.macsPerImage).toBeGreaterThan(found.decoderMacsPerImage);
});

it("says where the calls hang on what the network says", async () => {
  const found = await dry(latent, { objective: "flow", sampler: { kind: "dopri5" } });
  expect(found.adaptive).toBe(true);
  expect((await dry(latent, { objective: "flow" })).adaptive).toBe(false);
});

/** What sampling with real weights, before their first step, takes on a real backend. */
async function real<Options>(model: Model<Options>, input: unknown) {
  const options = model.schema.parse(input);
  const runtime = countingRuntime(await onnxruntime.open({ threads: 1 }));
  const weights: Record<string, Tensors> = {};
  for (const stage of model.stages(options, TASK))
    weights[stage.name] = stage.result(initialState(stage.program, createStream(0, stage.name)));
  const sampler = await model.sampler(options, TASK, weights, runtime, 2, { baseFolder: "." });
  await sampler.sample([createStream(1), createStream(2)], [0, 1]);
  await sampler.dispose();
  return runtime.tallies;
}

it.each([
  ["EPG", epg, { sampler: { kind: "heun", steps: 6 }, guidance }],
  ["VAE + DiT", latent, { sampler: { kind: "ddim", steps: 3 }, guidance: { scale: 1.5 } }],
  ["VAE + SiT", latent, { objective: "flow", sampler: { kind: "odeHeun", steps: 2 } }],
] as [string, Model<unknown>, unknown][])(
  "%s: counts what a real sampling counts",
  async (_, model, options) => {
    const found = await dry(model, options);
    const { network, decoder } = await real(model, options);
    expect([found.nfe, found.decoderCalls]).toEqual([network.calls, decoder.calls]);
    expect(found.macsPerImage).toBe((network.macs + decoder.macs) / 2);
    expect(found.decoderMacsPerImage).toBe(decoder.macs / 2);
    expect([found.networkParameters, found.decoderParameters]).toEqual([
      network.parameters,
      decoder.parameters,
    ]);
  },
);

it("counts attention's two products apart: 2 · tokens² · width a block", async () => {
  const { attentionMacsPerCall } = await dry(latent, { size: "tiny" });
  // 8² latents in patches of 2² are 16 tokens; 4 blocks, width 192
  expect(attentionMacsPerCall).toBe(4 * 2 * 16 ** 2 * 192);
});
