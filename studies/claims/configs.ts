/** The configs of a study: one for the trials of learning rates, one for each training seed. */
import { type Config, onnxruntime, shapes } from "../../harness/index.ts";
import { ARM_NAMES, ARMS, type ArmName, byArm, DIVISORS, type Divisor, type Steps } from "./arms.ts";
import type { Settings } from "./settings.ts";

/** Steps of every arm, by the part of the budget. */
export type StepsByBudget = Readonly<Record<Divisor, Readonly<Record<ArmName, Steps>>>>;

export type Rates = Readonly<Record<ArmName, number>>;

/** Seed of the trials: none of those that are judged. */
const TUNING_SEED = 0;
/** Trials have B/2 each. */
const TUNING_DIVISOR = 2;

/** Learning rates over the size's own, a factor of two apart: ½, 1, 2 for three trials. */
export const factorsOf = (trials: number): number[] =>
  Array.from({ length: trials }, (_, k) => 2 ** (k - (trials - 1) / 2));

export const trialName = (arm: ArmName, factor: number): string =>
  `${arm}, learning rate ×${Number(factor.toPrecision(3))}`;

export const pointName = (arm: ArmName, divisor: Divisor): string =>
  divisor === 1 ? arm : `${arm}, B/${divisor}`;

/** Every arm by its own learning rate and the budget's steps: what steps are planned from. */
export const probe = (settings: Settings, divisor: Divisor): Config => ({
  ...common(settings),
  budget: { trainingFlops: settings.budget / divisor },
  entries: byArm((arm) => ARMS[arm].entry({ learningRate: ARMS[arm].learningRate, steps: null })),
});

export function tuningConfig(settings: Settings, steps: StepsByBudget): Config {
  const entries = ARM_NAMES.flatMap((arm) =>
    factorsOf(settings.trials).map((factor) => {
      const learningRate = factor * ARMS[arm].learningRate;
      const entry = ARMS[arm].entry({ learningRate, steps: steps[TUNING_DIVISOR][arm] });
      return [trialName(arm, factor), entry] as const;
    }),
  );
  // Judged by the training images: the reference is not looked at before the rates are fixed.
  return {
    ...common(settings),
    seed: TUNING_SEED,
    scoreAgainst: "train",
    entries: Object.fromEntries(entries),
  };
}

export function seedConfig(settings: Settings, seed: number, steps: StepsByBudget, rates: Rates): Config {
  const points = ARM_NAMES.flatMap((arm) =>
    divisorsOf(arm).map((divisor) => {
      const entry = ARMS[arm].entry({ learningRate: rates[arm], steps: steps[divisor][arm] });
      return [pointName(arm, divisor), entry] as const;
    }),
  );
  return { ...common(settings), seed, entries: Object.fromEntries(points) };
}

/** Parts of the budget that an arm is trained to. */
export const divisorsOf = (arm: ArmName): readonly Divisor[] => (ARMS[arm].curve ? DIVISORS : [1]);

const common = ({ samples, threads }: Settings): Omit<Config, "entries"> => ({
  dataset: shapes({ resolution: 32, train: 2048, reference: 1024, heldOut: samples }),
  backend: onnxruntime({ threads }),
  samples,
  checkpoints: 1,
});
