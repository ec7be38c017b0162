/** Which sampler, as a config says it, and the solver and levels that are meant. */
import { z } from "zod";
import { dpmSolver } from "../../solvers/dpm-solver.ts";
import { heun, heunReleased } from "../../solvers/heun.ts";
import { karrasLevels, SIGMA_MAX, SIGMA_MIN } from "../../solvers/levels.ts";
import type { Solver } from "../../solvers/solver.ts";
import { resolutionShift } from "../schedules.ts";
import { ancestralEuler } from "./ancestral-euler.ts";
import { edmStochastic } from "./edm-stochastic.ts";
import { euler, eulerReleased } from "./euler.ts";
import { eulerSde } from "./euler-sde.ts";
import { oneStep } from "./one-step.ts";

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

const falling = {
  path: ["sigmaMin"],
  error: "the noise levels must fall: sigmaMin must be below sigmaMax",
};

export const samplerSchema = z.union(
  [
    z
      .strictObject({ kind: z.enum(Object.keys(SOLVERS) as [SolverName, ...SolverName[]]), ...levels })
      .refine(({ sigmaMin, sigmaMax }) => sigmaMin < sigmaMax, falling),
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
      .refine(({ sigmaMin, sigmaMax }) => sigmaMin < sigmaMax, falling)
      .refine(({ churnLow, churnHigh }) => churnLow < churnHigh, {
        path: ["churnLow"],
        error: "no level is churned: churnLow must be below churnHigh",
      }),
    z.strictObject({ kind: z.literal("oneStep") }),
  ],
  {
    error:
      "expected heun(n), heunReleased(n), euler(n), eulerReleased(n), ancestralEuler(n), eulerSde(n), dpmSolver(n), edmStochastic(n) or oneStep(), n ≥ 2",
  },
);

export type SamplerChoice = z.infer<typeof samplerSchema>;

/** Shifted levels, noisiest first. */
export function samplingLevels(choice: SamplerChoice, resolution: number): Float64Array {
  const unshifted =
    choice.kind === "oneStep"
      ? Float64Array.of(SIGMA_MAX)
      : karrasLevels(choice.steps, choice.sigmaMin, choice.sigmaMax);
  return unshifted.map((sigma) => sigma * resolutionShift(resolution));
}

export function solverOf(choice: SamplerChoice, resolution: number): Solver {
  if (choice.kind === "oneStep") return oneStep;
  if (choice.kind !== "edmStochastic") return SOLVERS[choice.kind];
  const shift = resolutionShift(resolution);
  const { churnLow, churnHigh } = choice;
  return edmStochastic({ ...choice, churnLow: churnLow * shift, churnHigh: churnHigh * shift });
}
