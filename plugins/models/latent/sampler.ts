/** Images from labels: a DiT denoises latents, the autoencoder decodes them. */
import type { Executable, Runtime, Sampler, StageWeights } from "../../../harness/plugin.ts";
import { type Program, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { openDecoder } from "./decoder.ts";
import { denoise, guide, type Numbers, type Predict, type Solver } from "./denoise.ts";
import { type DitConfig, dit } from "./dit.ts";
import { toImages } from "./images.ts";
import { respacedSchedule, spaceTimesteps } from "./schedule.ts";
import { int32Tensor } from "./training.ts";

interface Guidance {
  /** 1: no guidance, and no unconditional calls. */
  readonly scale: number;
  /** How many of the latent's channels are guided; the released DiT guides the first 3 of 4. */
  readonly channels: number;
}

export interface SamplerSettings {
  readonly autoencoder: AutoencoderConfig;
  readonly dit: DitConfig;
  readonly solver: Solver;
  readonly steps: number;
  readonly guidance: Guidance;
  /** Side in pixels of the tiles that images are decoded in; null: all at once. */
  readonly tile: number | null;
}

/** Inputs `x` [batch, C, side, side], `t` [batch], `labels` [batch]; output `out`. */
export const networkProgram = (config: DitConfig, batch: number): Program =>
  trace("dit", (p) => {
    const x = p.input("x", [batch, config.latentChannels, config.side, config.side]);
    p.output("out", dit(p, x, p.input("t", [batch]), p.input("labels", [batch], "int32"), config));
  });

export async function openSampler(
  settings: SamplerSettings,
  weights: StageWeights,
  runtime: Runtime,
  batchSize: number,
): Promise<Sampler> {
  const { autoencoder, dit: config, solver, steps, guidance, tile } = settings;
  const latents = { shape: [batchSize, config.latentChannels, config.side, config.side] };
  const size = config.latentChannels * config.side ** 2;
  const scale = weights.DiT!.latent_scale!.data[0]!;
  const schedule = respacedSchedule(spaceTimesteps([steps]));
  const network = await runtime.compile(networkProgram(config, batchSize), weights.DiT!, "network");
  const decoder = await openDecoder(autoencoder, batchSize, config.side, tile, weights.VAE!, runtime);

  /** Numbers for the whole batch, each image's from its own stream. */
  const drawn = (streams: readonly Stream[], ...keys: readonly (string | number)[]): Float32Array => {
    const data = new Float32Array(batchSize * size);
    streams.forEach((stream, i) => {
      stream.stream(...keys).fillNormal(data.subarray(i * size, (i + 1) * size));
    });
    return data;
  };
  const tensor = (data: Numbers): Tensor => ({ dtype: "float32", shape: latents.shape, data });

  return {
    batchSize,
    description: {
      solver,
      steps,
      guidanceScale: guidance.scale,
      guidedChannels: guidance.channels,
      clamp: false,
      ...(tile === null ? {} : { decoderTile: tile }),
    },
    async sample(streams, labels) {
      const nulls = int32Tensor(labels.map(() => config.classes));
      const classes = int32Tensor(labels.map((label) => (label < 0 ? config.classes : label)));
      const predict = guidedNetwork(network, config, guidance, classes, nulls, latents.shape);
      let x: Numbers = drawn(streams, "start");
      const noiseAt = (step: number) => drawn(streams, "noise", step);
      for await (const next of denoise(predict, schedule, solver, x, size, noiseAt)) x = next;
      return toImages(await decoder.decode(tensor(x.map((value) => value / scale))));
    },
    async dispose() {
      await network.dispose();
      await decoder.dispose();
    },
  };
}

/** The network, called twice where there is guidance. */
function guidedNetwork(
  network: Executable,
  { outputChannels, side }: DitConfig,
  { scale, channels }: Guidance,
  labels: Tensor,
  nulls: Tensor,
  shape: readonly number[],
): Predict {
  const call = async (inputs: Tensors): Promise<Numbers> => (await network.run(inputs)).out!.data as Numbers;
  return async (data, timestep) => {
    const t: Tensor = {
      dtype: "float32",
      shape: labels.shape,
      data: new Float32Array(labels.data.length).fill(timestep),
    };
    const x: Tensor = { dtype: "float32", shape, data };
    const conditional = await call({ x, t, labels });
    if (scale === 1) return conditional;
    const unconditional = await call({ x, t, labels: nulls });
    return guide(conditional, unconditional, scale, channels, outputChannels, side * side);
  };
}
