/** Images from labels: a DiT or SiT makes latents, the autoencoder decodes them. */
import type { Runtime, Sampler, StageWeights } from "../../../harness/plugin.ts";
import { type Program, trace } from "../../../harness/program/index.ts";
import type { SamplerChoice } from "../solvers/latent/choice.ts";
import type { Guidance } from "../solvers/latent/network.ts";
import { type Objective, titleOf } from "../solvers/latent/objective.ts";
import { samplerOver } from "../solvers/latent/sampler.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { openDecoder } from "./decoder.ts";
import { type DitConfig, dit } from "./dit.ts";

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
  const { autoencoder, dit: config, objective, tile } = settings;
  const own = weights[titleOf(objective)]!;
  const network = await runtime.compile(networkProgram(config, batchSize), own, "network");
  const decoder = await openDecoder(autoencoder, batchSize, config.side, tile, weights.VAE!, runtime);
  const scale = own.latent_scale!.data[0]!;
  const about = tile === null ? {} : { decoderTile: tile };
  return samplerOver({ ...settings, network, decoder, scale, shape: config, batchSize, about });
}
