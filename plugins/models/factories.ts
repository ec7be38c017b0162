import type { Descriptor } from "../../harness/plugin.ts";
import type { CommandInput } from "./command/options.ts";
import type { EpgInput } from "./epg/options.ts";
import type { LatentInput } from "./latent/options.ts";
import type { OnnxInput } from "./onnx/options.ts";
import type { SamplesInput } from "./samples/index.ts";

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
  <Kind extends Stepping["kind"]>(kind: Kind) =>
  (steps: number, levels: Levels = {}) => ({ kind, steps, ...levels });

/** EDM's Heun: 2·steps − 1 network calls, those of guidance apart; of EPG and of latent models. */
export const heun = stepping("heun");
/** Heun as EPG's released loop runs it, without the last step to σ = 0: 2·(steps − 1) calls. */
export const heunReleased = stepping("heunReleased");
/** DPM-Solver++, second order in several steps (arXiv:2211.01095): `steps` calls; of EPG and of latent models. */
export const dpmSolver = stepping("dpmSolver");
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

/** Latent diffusion, the baseline: an AutoencoderKL, then a DiT on its latents (a SiT with `objective: "flow"`). */
export const latent = (options: LatentInput = {}): Descriptor<"model"> => ({
  kind: "model",
  plugin: "latent",
  options: { ...options },
});

/** The same with a SiT (arXiv:2401.08740): a flow from noise to latents, by its velocity. */
export const sit = (options: Omit<LatentInput, "objective"> = {}): Descriptor<"model"> =>
  latent({ ...options, objective: "flow" });

type LatentSampler = NonNullable<LatentInput["sampler"]>;

/** Deterministic sampling of a latent model (arXiv:2010.02502, η = 0): `steps` calls, twice that with guidance. */
export const ddim = (steps: number): LatentSampler => ({ kind: "ddim", steps });
/** Ancestral sampling of a latent model, with its learned variance. */
export const ddpm = (steps: number): LatentSampler => ({ kind: "ddpm", steps });

type Sde = Omit<Extract<LatentSampler, { kind: "sde" }>, "kind" | "steps">;

/** SiT's flow by Euler's method: `steps` calls (the released `num_steps` counts points of time, one more). */
export const odeEuler = (steps: number): LatentSampler => ({ kind: "odeEuler", steps });
/** SiT's flow by Heun's method in equal steps of time: 2·steps calls. */
export const odeHeun = (steps: number): LatentSampler => ({ kind: "odeHeun", steps });
/** SiT's flow in steps that keep atol 1e-6 and rtol 1e-3: as many calls as it takes. */
export const dopri5 = (): LatentSampler => ({ kind: "dopri5" });
/** SiT's SDE over `steps` points of time: `steps` calls, 2·steps − 1 by "heun" (the released code makes two of each). */
export const sde = (steps: number, settings: Sde = {}): LatentSampler => ({
  kind: "sde",
  steps,
  ...settings,
});

/** Any program that answers requests for images, line by line. */
export const command = (options: CommandInput): Descriptor<"model"> => ({
  kind: "model",
  plugin: "command",
  options: { ...options },
});

/** Images made elsewhere: a folder, tar or zip of them, or an .npz. */
export const samples = (options: SamplesInput): Descriptor<"model"> => ({
  kind: "model",
  plugin: "samples",
  options: { ...options },
});

/** Networks in ONNX files: a generator, a denoiser that EPG's solvers sample from, or a latent model's denoiser and decoder. */
export const onnx = (options: OnnxInput): Descriptor<"model"> => ({
  kind: "model",
  plugin: "onnx",
  options: { ...options },
});
