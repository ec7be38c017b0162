/** Which sampler of a latent model, as a config says it, and the solver that is meant. */
import { z } from "zod";
import { RISING_LEVELS } from "../below.ts";
import { dpmSolver } from "../dpm-solver.ts";
import { heun } from "../heun.ts";
import { karrasLevels } from "../levels.ts";
import type { Pixels } from "../solver.ts";
import { denoise } from "./denoise.ts";
import { denoiserOf, PROCESSES } from "./denoiser.ts";
import { dopri5 } from "./dopri5.ts";
import type { FlowSolver } from "./flow.ts";
import { firstOf, type Network } from "./network.ts";
import type { Objective } from "./objective.ts";
import { odeEuler } from "./ode-euler.ts";
import { odeHeun } from "./ode-heun.ts";
import { respacedSchedule, spaceTimesteps } from "./schedule.ts";
import { releasedSdeCalls, sde } from "./sde.ts";

const DENOISING = { heun, dpmSolver } as const;
const FLOWING = { odeEuler, odeHeun } as const;

const few = (kinds: string) => `${kinds} needs at least 2 steps`;

export const samplerSchema = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.enum(["ddim", "ddpm"]),
      // The one step that respacing keeps is t = 0, which noise is not at.
      steps: z.int().min(2, "ddim and ddpm need at least 2 steps (one call: oneStep())").max(1000),
    }),
    z.strictObject({ kind: z.literal("oneStep") }),
    z
      .strictObject({
        kind: z.enum(["heun", "dpmSolver"]),
        steps: z.int().min(2, few("a sampler over noise levels")).max(10_000),
        /** Lowest and highest σ above zero, latents of weight 1; without them, those of the training process. */
        sigmaMin: z.number().positive().optional(),
        sigmaMax: z.number().positive().optional(),
      })
      .refine(({ sigmaMin = 0, sigmaMax = Number.POSITIVE_INFINITY }) => sigmaMin < sigmaMax, RISING_LEVELS),
    z.strictObject({ kind: z.enum(["odeEuler", "odeHeun"]), steps: z.int().min(1).max(10_000) }),
    z.strictObject({
      kind: z.literal("dopri5"),
      steps: z.never({ error: "dopri5() chooses its own steps: leave them out" }).optional(),
    }),
    z.strictObject({
      kind: z.literal("sde"),
      steps: z.int().min(2, few("sde: an SDE with a last step of its own")).max(10_000),
      method: z.enum(["euler", "heun"]).default("euler"),
      last: z.enum(["mean", "euler"]).default("mean"),
    }),
  ],
  {
    error:
      "expected oneStep(), ddim(n), ddpm(n), heun(n), dpmSolver(n), odeEuler(n), odeHeun(n), dopri5() or sde(n), n a number of steps",
  },
);

export type SamplerChoice = z.infer<typeof samplerSchema>;

/** The samplers of one objective alone; the others, over noise levels, take both. */
const OBJECTIVE_OF: Readonly<Partial<Record<SamplerChoice["kind"], Objective>>> = {
  ddim: "diffusion",
  ddpm: "diffusion",
  odeEuler: "flow",
  odeHeun: "flow",
  dopri5: "flow",
  sde: "flow",
};

const OWN = {
  diffusion: "ddim(n), ddpm(n), heun(n) or dpmSolver(n)",
  flow: "odeEuler(n), odeHeun(n), dopri5(), sde(n), heun(n) or dpmSolver(n)",
} as const;

/** 50 calls. */
export const defaultSampler = (objective: Objective): SamplerChoice =>
  objective === "flow" ? { kind: "odeEuler", steps: 50 } : { kind: "ddim", steps: 50 };

/** Why a sampler does not fit what the network was trained for, and what would; null: it fits. */
export function misfit(choice: SamplerChoice, objective: Objective): string | null {
  const own = OBJECTIVE_OF[choice.kind];
  if (own && own !== objective)
    return `${choice.kind} samples from objective "${own}", and the objective is "${objective}": use ${OWN[objective]}`;
  if (choice.kind !== "heun" && choice.kind !== "dpmSolver") return null;
  const [low, high] = levelsOf(choice, objective);
  const { trained } = PROCESSES[objective];
  if (trained && (low < trained[0] || high > trained[1]))
    return `σ from ${short(low)} to ${short(high)} leaves what the network was trained on, ${short(trained[0])} to ${short(trained[1])}: leave sigmaMin and sigmaMax out, or keep within it`;
  return low < high
    ? null
    : `the noise levels must fall: from ${high} to ${low} they do not; leave sigmaMin and sigmaMax out, or give both`;
}

const short = (sigma: number): number => Number(sigma.toPrecision(4));

type Levelled = Extract<SamplerChoice, { readonly kind: "heun" | "dpmSolver" }>;

function levelsOf({ sigmaMin, sigmaMax }: Levelled, objective: Objective): readonly [number, number] {
  const [low, high] = PROCESSES[objective].levels;
  return [sigmaMin ?? low, sigmaMax ?? high];
}

const sigmaLevels = (choice: Levelled, objective: Objective): Float64Array =>
  karrasLevels(choice.steps, ...levelsOf(choice, objective));

/** The noise levels it calls the network at; null where they are not known beforehand, or not called levels. */
export function knownLevels(choice: SamplerChoice, objective: Objective): Float64Array | null {
  switch (choice.kind) {
    case "heun":
    case "dpmSolver":
      return sigmaLevels(choice, objective);
    case "ddim":
    case "ddpm":
      return Float64Array.from(spaceTimesteps([choice.steps]), PROCESSES.diffusion.sigmaAt);
    case "oneStep":
      return Float64Array.of(PROCESSES[objective].levels[1]);
    default:
      return null;
  }
}

/** Unit normals, which it may overwrite, to latents; `size` numbers an image, `noise` normals like the start for a step. */
type LatentSolver = (
  network: Network,
  start: Pixels,
  size: number,
  noise: (step: number) => Pixels,
) => Promise<Pixels>;

export function solverOf(choice: SamplerChoice, objective: Objective): LatentSolver {
  switch (choice.kind) {
    case "ddim":
    case "ddpm": {
      const schedule = respacedSchedule(spaceTimesteps([choice.steps]));
      return async (network, start, size, noise) => {
        let x = start;
        for await (const next of denoise(network, schedule, choice.kind, start, size, noise)) x = next;
        return x;
      };
    }
    case "heun":
    case "dpmSolver": {
      const levels = sigmaLevels(choice, objective);
      // The deviation that latents of deviation 1 have at the highest level.
      const deviation = Math.hypot(1, levels[0]!);
      return (network, start, size, noise) => {
        const denoiser = denoiserOf(network, PROCESSES[objective], size);
        const x = start.map((value) => deviation * value);
        return DENOISING[choice.kind](denoiser, x, levels, noise);
      };
    }
    case "oneStep": {
      const [, highest] = PROCESSES[objective].levels;
      return (network, start, size) => {
        const x = start.map((value) => Math.hypot(1, highest) * value);
        return denoiserOf(network, PROCESSES[objective], size)(x, highest);
      };
    }
    case "odeEuler":
    case "odeHeun":
      return flowing(FLOWING[choice.kind](choice.steps));
    case "dopri5":
      return flowing(dopri5);
    case "sde":
      return flowing(sde(choice));
  }
}

const flowing =
  (solve: FlowSolver): LatentSolver =>
  (network, start, size, noise) =>
    solve(async (x, t) => firstOf(await network(x, t), size, x.length / size), start, size, noise);

/** Whether the network's answers decide how often it is called. */
export const isAdaptive = ({ kind }: SamplerChoice): boolean => kind === "dopri5";

/** For the report. */
export function described(
  choice: SamplerChoice,
  objective: Objective,
): Readonly<Record<string, string | number>> {
  switch (choice.kind) {
    case "heun":
    case "dpmSolver": {
      const [sigmaMin, sigmaMax] = levelsOf(choice, objective);
      return {
        solver: choice.kind,
        steps: choice.steps,
        sigmaMin: short(sigmaMin),
        sigmaMax: short(sigmaMax),
      };
    }
    case "sde": {
      const { kind: solver, ...settings } = choice;
      // The released code calls the network for drift and score apart, with equal inputs.
      return { solver, ...settings, releasedCalls: releasedSdeCalls(choice) };
    }
    case "oneStep":
      return { solver: choice.kind, steps: 1 };
    case "dopri5":
      return { solver: choice.kind, steps: "adaptive", stepControl: "each image's own" };
    default:
      return { solver: choice.kind, steps: choice.steps };
  }
}
