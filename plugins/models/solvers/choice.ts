/** Which sampler, as a config says it, and the solver and levels that are meant. */
import { z } from "zod";
import { ancestralEuler } from "./ancestral-euler.ts";
import { below, RISING_LEVELS } from "./below.ts";
import { dpmSolver } from "./dpm-solver.ts";
import { edmStochastic } from "./edm-stochastic.ts";
import { euler, eulerReleased } from "./euler.ts";
import { eulerSde } from "./euler-sde.ts";
import { heun, heunReleased } from "./heun.ts";
import { karrasLevels, SIGMA_MAX, SIGMA_MIN } from "./levels.ts";
import { oneStep } from "./one-step.ts";
import type { Solver } from "./solver.ts";

const SOLVERS = {
  heun,
  heunReleased,
  euler,
  eulerReleased,
  ancestralEuler,
  eulerSde,
  dpmSolver,
} as const;
type SolverName = keyof typeof SOLVERS;

/** Levels above zero, from σ_max to σ_min, both unshifted. */
const levels = {
  steps: z.int().min(2, "a sampler of many steps needs at least 2 (one call: oneStep())").max(10_000),
  sigmaMin: z.number().positive().default(SIGMA_MIN),
  sigmaMax: z.number().positive().default(SIGMA_MAX),
};

export const samplerSchema = z.union(
  [
    z
      .strictObject({ kind: z.enum(Object.keys(SOLVERS) as [SolverName, ...SolverName[]]), ...levels })
      .refine(({ sigmaMin, sigmaMax }) => sigmaMin < sigmaMax, RISING_LEVELS),
    z
      .strictObject({
        kind: z.literal("edmStochastic"),
        ...levels,
        /** EDM's S_churn, S_tmin, S_tmax and S_noise; the two σ unshifted (EPG's released loop means shifted ones). */
        churn: z.number().min(0).max(10_000).default(40),
        churnLow: z.number().min(0).default(0.05),
        churnHigh: z.number().positive().default(50),
        noiseScale: z.number().min(0).max(2).default(1.003),
      })
      .refine(({ sigmaMin, sigmaMax }) => sigmaMin < sigmaMax, RISING_LEVELS)
      .refine(
        ({ churnLow, churnHigh }) => churnLow < churnHigh,
        below("churnLow", "churnHigh", "no level is churned"),
      ),
    z.strictObject({ kind: z.literal("oneStep") }),
  ],
  {
    error:
      "expected heun(n), heunReleased(n), euler(n), eulerReleased(n), ancestralEuler(n), eulerSde(n), dpmSolver(n), edmStochastic(n) or oneStep(), n ≥ 2",
  },
);

export type SamplerChoice = z.infer<typeof samplerSchema>;

/**
 * Shifted levels, noisiest first.
 * @param shift what every σ is multiplied by
 */
export function samplingLevels(choice: SamplerChoice, shift: number): Float64Array {
  const unshifted =
    choice.kind === "oneStep"
      ? Float64Array.of(SIGMA_MAX)
      : karrasLevels(choice.steps, choice.sigmaMin, choice.sigmaMax);
  return unshifted.map((sigma) => sigma * shift);
}

export function solverOf(choice: SamplerChoice, shift: number): Solver {
  if (choice.kind === "oneStep") return oneStep;
  if (choice.kind !== "edmStochastic") return SOLVERS[choice.kind];
  const { churnLow, churnHigh } = choice;
  return edmStochastic({ ...choice, churnLow: churnLow * shift, churnHigh: churnHigh * shift });
}
