/** A latent model's networks as other programs can use them. */
import type { ExportedNetwork } from "../../../harness/plugin.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { decoderProgram } from "./decoder.ts";
import type { DitConfig } from "./dit.ts";
import { networkProgram } from "./sampler.ts";
import { TRAINING_STEPS } from "./schedule.ts";

const DENOISER = {
  x: "noisy latents √ᾱ(t)·z + √(1−ᾱ(t))·noise, NCHW, z the autoencoder's latents times latent_scale",
  t: `training step of each image, 0 to ${TRAINING_STEPS - 1}, as a float`,
  labels: "class of each image, int32; the number of classes (the last row of the table) is no class",
  out: "the noise predicted, then, where there are as many channels more, v: log variance = u·log β + (1 − u)·log β̃ with u = (v + 1)/2 (arXiv:2102.09672 eq. 15)",
} as const;

const DECODER = {
  latents: "clean latents, NCHW, divided by latent_scale",
  images: "RGB, NCHW, −1 to 1, not clamped",
} as const;

/** "denoiser", one call of the DiT, and "decoder", from latents to images. */
export function exported(
  autoencoder: AutoencoderConfig,
  dit: DitConfig,
  batch: number,
): Readonly<Record<string, ExportedNetwork>> {
  const conventions = {
    schedule: `${TRAINING_STEPS} steps, β from 1e-4 to 0.02, equally spaced (arXiv:2006.11239)`,
    classes: `${dit.classes}; label ${dit.classes} is no class, as guidance needs it`,
  };
  return {
    denoiser: {
      program: networkProgram(dit, batch),
      stage: "DiT",
      role: "ema",
      documentation: DENOISER,
      conventions,
    },
    decoder: {
      program: decoderProgram(autoencoder, batch, dit.side),
      stage: "VAE",
      role: "ema",
      documentation: DECODER,
      conventions,
    },
  };
}
