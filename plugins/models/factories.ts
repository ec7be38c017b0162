import type { Descriptor } from "../../harness/plugin.ts";
import type { EpgInput } from "./epg/options.ts";

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
