import type { Descriptor } from "../../harness/plugin.ts";
import type { EpgInput } from "./epg/options.ts";
import type { LatentInput } from "./latent/options.ts";

type Sampler = NonNullable<EpgInput["sampler"]>;

/** EPG (arXiv 2510.12586). */
export const epg = (options: EpgInput = {}): Descriptor<"model"> => ({
  kind: "model",
  plugin: "epg",
  options: { ...options },
});

type Stochastic = Extract<Sampler, { kind: "edmStochastic" }>;
type Stepping = Exclude<Sampler, Stochastic | { kind: "oneStep" }>;
/** `sigmaMin` and `sigmaMax`, the lowest and highest level, unshifted. */
type Levels = Omit<Stepping, "kind" | "steps">;

const stepping =
  (kind: Stepping["kind"]) =>
  (steps: number, levels: Levels = {}): Sampler => ({ kind, steps, ...levels });

/** EDM's Heun: 2·steps − 1 network calls, those of guidance apart. */
export const heun = stepping("heun");
/** Heun as EPG's released loop runs it, without the last step to σ = 0: 2·(steps − 1) calls. */
export const heunReleased = stepping("heunReleased");
/** Euler's method: `steps` calls. */
export const euler = stepping("euler");
/** Euler's method as released, without the last step to σ = 0: steps − 1 calls. */
export const eulerReleased = stepping("eulerReleased");
/** Ancestral sampling in Euler steps: `steps` calls. */
export const ancestralEuler = stepping("ancestralEuler");
/** The reverse SDE by Euler and Maruyama's method: `steps` calls. */
export const eulerSde = stepping("eulerSde");
/** EDM's stochastic sampler, with its S_churn, S_tmin, S_tmax and S_noise: 2·steps − 1 calls. */
export const edmStochastic = (steps: number, settings: Omit<Stochastic, "kind" | "steps"> = {}): Sampler => ({
  kind: "edmStochastic",
  steps,
  ...settings,
});
/** One network call. */
export const oneStep = (): Sampler => ({ kind: "oneStep" });

type Guidance = NonNullable<EpgInput["guidance"]>;
type Autoguidance = Omit<Extract<Guidance, { kind: "autoguidance" }>, "kind">;

/** Guidance by a poor network, trained for it or out of a file; `scale` is the paper's w, 1 is none. */
export const autoguidance = (settings: Autoguidance): Guidance => ({ kind: "autoguidance", ...settings });
/** The same by the scale s of EPG's released code, which computes answer + s·(answer − worse): s = w − 1, 0 is none. */
export const autoguidanceReleased = (settings: Autoguidance): Guidance => ({
  kind: "autoguidanceReleased",
  ...settings,
});

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
