/**
 * A network on latents as a denoiser D(x; σ) of x = z + σε, whatever process it was trained on (Karras et al.,
 * arXiv:2206.00364, appendix C): solvers written for EPG's networks then run on it as they are.
 */
import { SIGMA_MAX, SIGMA_MIN } from "../levels.ts";
import type { Denoiser } from "../solver.ts";
import { firstOf, type Network } from "./network.ts";
import type { Objective } from "./objective.ts";
import { trainingSchedule } from "./schedule.ts";

/** A training process α·z + β·ε, told by σ = β/α. */
interface Process {
  /** The levels it was trained on; null: at every one. */
  readonly trained: readonly [number, number] | null;
  /** Lowest and highest level sampled at where nothing else is said. */
  readonly levels: readonly [number, number];
  readonly sigmaAt: (t: number) => number;
  readonly timeAt: (sigma: number) => number;
  /** What the network sees is α·x. */
  readonly scaleAt: (sigma: number) => number;
  /** D, from x and what the network answers. */
  readonly denoised: (x: number, answer: number, sigma: number) => number;
}

const { alphasCumulative } = trainingSchedule();
/** σ of every training step, rising. */
const SIGMAS = alphasCumulative.map((alpha) => Math.sqrt(1 / alpha - 1));
const LAST = SIGMAS.length - 1;

/** Between training steps, ln σ is taken to be linear in t. */
const sigmaAt = (t: number): number => {
  const below = Math.min(LAST - 1, Math.floor(t));
  return SIGMAS[below]! * (SIGMAS[below + 1]! / SIGMAS[below]!) ** (t - below);
};

function timeAt(sigma: number): number {
  const above = Math.min(
    LAST,
    Math.max(
      1,
      SIGMAS.findIndex((level) => level >= sigma),
    ),
  );
  const below = above - 1;
  const fraction = Math.log(sigma / SIGMAS[below]!) / Math.log(SIGMAS[above]! / SIGMAS[below]!);
  return Math.min(LAST, Math.max(0, below + fraction));
}

const TRAINED = [SIGMAS[0]!, SIGMAS[LAST]!] as const;

export const PROCESSES: Readonly<Record<Objective, Process>> = {
  /** DiT's, which preserves variance: α = √ᾱ, σ² = 1/ᾱ − 1; the network predicts ε and is told fractional steps. */
  diffusion: {
    trained: TRAINED,
    levels: TRAINED,
    sigmaAt,
    timeAt,
    scaleAt: (sigma) => 1 / Math.sqrt(1 + sigma ** 2),
    denoised: (x, noise, sigma) => x - sigma * noise,
  },
  /** SiT's linear path: α = t, σ = (1 − t)/t; the velocity z − ε leads from α·x to z in 1 − t. */
  flow: {
    trained: null,
    levels: [SIGMA_MIN, SIGMA_MAX],
    sigmaAt: (t) => (1 - t) / t,
    timeAt: (sigma) => 1 / (1 + sigma),
    scaleAt: (sigma) => 1 / (1 + sigma),
    denoised: (x, velocity, sigma) => (x + sigma * velocity) / (1 + sigma),
  },
};

/** @param size numbers of one image */
export const denoiserOf =
  (network: Network, { scaleAt, timeAt, denoised }: Process, size: number): Denoiser =>
  async (x, sigma) => {
    const scale = scaleAt(sigma);
    const output = await network(
      x.map((value) => scale * value),
      timeAt(sigma),
    );
    const answer = firstOf(output, size, x.length / size);
    for (let i = 0; i < x.length; i++) answer[i] = denoised(x[i]!, answer[i]!, sigma);
    return answer;
  };
