/** A latent model's networks as other programs can use them. */
import type { ExportedNetwork } from "../../../harness/plugin.ts";
import { type Objective, titleOf } from "../solvers/latent/objective.ts";
import { TRAINING_STEPS } from "../solvers/latent/schedule.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { decoderProgram } from "./decoder.ts";
import type { DitConfig } from "./dit.ts";
import { networkProgram } from "./sampler.ts";

const LABELS = "class of each image, int32; the number of classes (the last row of the table) is no class";

const DENOISER = {
  x: "noisy latents √ᾱ(t)·z + √(1−ᾱ(t))·noise, NCHW, z the autoencoder's latents times latent_scale",
  t: `training step of each image, 0 to ${TRAINING_STEPS - 1}, as a float`,
  labels: LABELS,
  out: "the noise predicted, then, where there are as many channels more, v: log variance = u·log β + (1 − u)·log β̃ with u = (v + 1)/2 (arXiv:2102.09672 eq. 15)",
} as const;

const VELOCITY = {
  x: "latents on the path t·z + (1 − t)·noise, NCHW, z the autoencoder's latents times latent_scale",
  t: "time of each image, from 0 (noise) to 1 (data)",
  labels: LABELS,
  out: "the velocity z − noise predicted, then as many channels that mean nothing",
} as const;

const DECODER = {
  latents: "clean latents, NCHW, divided by latent_scale",
  images: "RGB, NCHW, −1 to 1, not clamped",
} as const;

/**
 * "denoiser", one call of the DiT or SiT, and "decoder", from latents to images.
 * @param scale what latents were multiplied by in training; null: not known
 */
export function exported(
  autoencoder: AutoencoderConfig,
  dit: DitConfig,
  objective: Objective,
  scale: number | null,
  batch: number,
): Readonly<Record<string, ExportedNetwork>> {
  const conventions = {
    objective,
    ...(scale !== null && { latent_scale: `${scale}` }),
    schedule:
      objective === "flow"
        ? "linear path from noise at t = 0 to data at t = 1 (arXiv:2401.08740)"
        : `${TRAINING_STEPS} steps, β from 1e-4 to 0.02, equally spaced (arXiv:2006.11239)`,
    classes: `${dit.classes}; label ${dit.classes} is no class, as guidance needs it`,
  };
  return {
    denoiser: {
      program: networkProgram(dit, batch),
      stage: titleOf(objective),
      role: "ema",
      documentation: objective === "flow" ? VELOCITY : DENOISER,
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
