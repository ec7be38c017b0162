/** Images from labels: a DiT or SiT makes latents, the autoencoder decodes them. */
import type { Runtime, Sampler, StageWeights } from "../../../harness/plugin.ts";
import { type Program, type Tensor, trace } from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { drawNormals } from "../solvers/noise.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { openDecoder } from "./decoder.ts";
import { type DitConfig, dit } from "./dit.ts";
import { toImages } from "./images.ts";
import { type Objective, titleOf } from "./objective.ts";
import { described, isAdaptive, type SamplerChoice, solverOf } from "./samplers/choice.ts";
import { PROCESSES } from "./samplers/denoiser.ts";
import { type Guidance, guidedNetwork } from "./samplers/network.ts";

export interface SamplerSettings {
  readonly autoencoder: AutoencoderConfig;
  readonly dit: DitConfig;
  readonly objective: Objective;
  readonly sampler: SamplerChoice;
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
  const { autoencoder, dit: config, objective, sampler: choice, guidance, tile } = settings;
  const shape = [batchSize, config.latentChannels, config.side, config.side];
  const size = config.latentChannels * config.side ** 2;
  const own = weights[titleOf(objective)]!;
  const scale = own.latent_scale!.data[0]!;
  const solve = solverOf(choice, objective);
  const network = await runtime.compile(networkProgram(config, batchSize), own, "network");
  const decoder = await openDecoder(autoencoder, batchSize, config.side, tile, weights.VAE!, runtime);

  const drawn = (streams: readonly Stream[], ...keys: readonly (string | number)[]): Float32Array =>
    drawNormals(
      streams.map((stream) => stream.stream(...keys)),
      size,
    );

  return {
    batchSize,
    ...(isAdaptive(choice) && { adaptive: true as const }),
    description: {
      ...described(choice, objective),
      ...guidanceDescribed(guidance),
      clamp: false,
      ...(tile === null ? {} : { decoderTile: tile }),
    },
    async sample(streams, labels) {
      const { sigmaAt } = PROCESSES[objective];
      const guided = guidedNetwork(network, config, guidance, sigmaAt, labels);
      const noise = (step: number) => drawn(streams, "noise", step);
      const x = await solve(guided, drawn(streams, "start"), size, noise);
      const latents: Tensor = { dtype: "float32", shape, data: x.map((value) => value / scale) };
      return toImages(await decoder.decode(latents));
    },
    async dispose() {
      await network.dispose();
      await decoder.dispose();
    },
  };
}

const guidanceDescribed = ({ scale, channels, low, high }: Guidance) => ({
  guidanceScale: scale,
  guidedChannels: channels,
  ...(low === 0 && high === null ? {} : { guidanceLow: low, guidanceHigh: high ?? "none" }),
});
