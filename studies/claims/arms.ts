/** The arms that are compared: what each trains, and what is tuned of it (docs/claims.md). */
import { ddim, epg, heun, latent, oneStep } from "../../harness/index.ts";
import type { Descriptor } from "../../harness/plugin.ts";
import { recipeOf } from "../../plugins/models/epg/recipes.ts";
import { SIZES } from "../../plugins/models/latent/sizes.ts";

/** Steps of each stage, by its name. */
export type Steps = Readonly<Record<string, number>>;

interface Training {
  /** Of the last stage. */
  readonly learningRate: number;
  /** null: as many as the config's budget pays for. */
  readonly steps: Steps | null;
}

interface Arm {
  /** The size's own rate of the last stage, which trials are multiples of. */
  readonly learningRate: number;
  readonly entry: (training: Training) => Descriptor<"model">;
  /** Takes as many steps as this arm rather than what the budget pays for. */
  readonly stepsOf?: ArmName;
  /** Trained to parts of the budget too. */
  readonly curve?: true;
}

interface EpgArm {
  readonly share?: number;
  readonly temperature?: "constant" | "interpolated" | "annealed";
  readonly objective?: "diffusion" | "consistency";
}

const SHARE = 0.15;

function epgArm({ share = SHARE, temperature = "annealed", objective = "diffusion" }: EpgArm): Arm {
  return {
    learningRate: recipeOf("tiny")[objective].learningRate,
    entry: ({ learningRate, steps }) =>
      epg({
        size: "tiny",
        objective,
        // 2·16 − 1 = 31 calls, as many as the latent model's.
        sampler: objective === "diffusion" ? heun(16) : oneStep(),
        learningRate,
        steps: steps?.[`${objective} fine-tuning`] ?? null,
        pretraining: { share, temperature, steps: share > 0 ? (steps?.["pre-training"] ?? null) : null },
      }),
  };
}

const latentArm: Arm = {
  learningRate: SIZES.tiny.ditStage.learningRate.peak,
  entry: ({ learningRate, steps }) =>
    latent({
      size: "tiny",
      sampler: ddim(31),
      guidance: { scale: 1 },
      vaeShare: 0.25,
      vae: { steps: steps?.VAE ?? null },
      dit: { learningRate, steps: steps?.DiT ?? null },
    }),
};

export const ARM_NAMES = [
  "pre-trained",
  "scratch, equal steps",
  "scratch, equal FLOPs",
  "constant temperature",
  "interpolated temperature",
  "one step",
  "VAE + DiT",
] as const;

export type ArmName = (typeof ARM_NAMES)[number];

export const ARMS: Readonly<Record<ArmName, Arm>> = {
  "pre-trained": { ...epgArm({}), curve: true },
  "scratch, equal steps": { ...epgArm({ share: 0 }), stepsOf: "pre-trained" },
  "scratch, equal FLOPs": { ...epgArm({ share: 0 }), curve: true },
  "constant temperature": epgArm({ temperature: "constant" }),
  "interpolated temperature": epgArm({ temperature: "interpolated" }),
  "one step": epgArm({ objective: "consistency" }),
  "VAE + DiT": { ...latentArm, curve: true },
};

export const byArm = <Value>(of: (arm: ArmName) => Value): Record<ArmName, Value> =>
  Object.fromEntries(ARM_NAMES.map((arm) => [arm, of(arm)])) as Record<ArmName, Value>;

/** Arms whose FD is followed over the training FLOPs. */
export const CURVES = ARM_NAMES.filter((arm) => ARMS[arm].curve);

/** Parts of the budget that the points of a curve are trained to: B/8, B/4, B/2, B. */
export const DIVISORS = [8, 4, 2, 1] as const;

export type Divisor = (typeof DIVISORS)[number];
