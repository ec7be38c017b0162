import type { Descriptor } from "../../harness/plugin.ts";
import type { EpgInput } from "./epg/options.ts";
import type { LatentInput } from "./latent/index.ts";

type Sampler = NonNullable<EpgInput["sampler"]>;

/** EPG (arXiv 2510.12586). */
export const epg = (options: EpgInput = {}): Descriptor<"model"> => ({
  kind: "model",
  plugin: "epg",
  options: { ...options },
});

/** EDM's Heun: 2·steps − 1 network calls, those of guidance apart. */
export const heun = (steps: number): Sampler => ({ kind: "heun", steps });
/** Heun as EPG's released loop runs it, without the last step to σ = 0: 2·(steps − 1) calls. */
export const heunReleased = (steps: number): Sampler => ({ kind: "heunReleased", steps });
/** Euler's method: `steps` calls. */
export const euler = (steps: number): Sampler => ({ kind: "euler", steps });
/** Euler's method as released, without the last step to σ = 0: steps − 1 calls. */
export const eulerReleased = (steps: number): Sampler => ({ kind: "eulerReleased", steps });
/** One network call. */
export const oneStep = (): Sampler => ({ kind: "oneStep" });

/** Latent diffusion, the baseline: an AutoencoderKL, then a DiT on its latents. */
export const latent = (options: LatentInput = {}): Descriptor<"model"> => ({
  kind: "model",
  plugin: "latent",
  options: { ...options },
});

type LatentSampler = NonNullable<LatentInput["sampler"]>;

/** Deterministic sampling of a latent model (arXiv:2010.02502, η = 0): `steps` calls, twice that with guidance. */
export const ddim = (steps: number): LatentSampler => ({ kind: "ddim", steps });
/** Ancestral sampling of a latent model, with its learned variance. */
export const ddpm = (steps: number): LatentSampler => ({ kind: "ddpm", steps });
