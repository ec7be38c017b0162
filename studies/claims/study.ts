/** What a study has measured, as `results.json` keeps it: read from the results of its runs. */
import { metricFamily, type Result } from "../../harness/result.ts";
import { ARM_NAMES, ARMS, type ArmName, byArm, type Divisor } from "./arms.ts";
import { divisorsOf, factorsOf, pointName, type Rates, trialName } from "./configs.ts";
import type { Settings } from "./settings.ts";

/** Scores of an entry; null where it failed. */
interface Scored {
  readonly fd: number | null;
  readonly failure: string | null;
}

/** A learning rate tried for an arm; its FD is against the training images. */
export interface Trial extends Scored {
  readonly arm: ArmName;
  readonly factor: number;
  readonly learningRate: number;
}

/** An arm trained on a seed to a part of the budget. */
export interface Point extends Scored {
  readonly arm: ArmName;
  readonly seed: number;
  readonly divisor: Divisor;
  readonly kid: number | null;
  readonly accuracy: number | null;
  /** All stages, billed in full. */
  readonly trainFlops: number | null;
  readonly nfe: number | null;
}

/** Where and when one run of the study was made. */
interface Ran {
  readonly run: string;
  readonly startedAt: string;
  readonly wallSeconds: number;
  /** Stages that entries share once. */
  readonly trainFlops: number;
  readonly env: Result["env"];
}

export interface Study {
  readonly settings: Pick<Settings, "budget" | "seeds" | "trials" | "samples" | "threads">;
  readonly command: string;
  readonly runs: readonly Ran[];
  readonly trials: readonly Trial[];
  readonly points: readonly Point[];
  /** FD of the yardsticks that every run scores. */
  readonly yardsticks: readonly { readonly name: string; readonly fd: number | null }[];
}

export const trialsOf = (result: Result, trials: number): Trial[] =>
  ARM_NAMES.flatMap((arm) =>
    factorsOf(trials).map((factor) => ({
      arm,
      factor,
      learningRate: factor * ARMS[arm].learningRate,
      ...scored(result, trialName(arm, factor)),
    })),
  );

export const pointsOf = (result: Result): Point[] =>
  ARM_NAMES.flatMap((arm) =>
    divisorsOf(arm).map((divisor) => {
      const entry = pointName(arm, divisor);
      return {
        arm,
        seed: result.run.seed,
        divisor,
        ...scored(result, entry),
        kid: metricOf(result, entry, "kid"),
        accuracy: metricOf(result, entry, "class-accuracy"),
        trainFlops: metricOf(result, entry, "total-train-flops"),
        nfe: metricOf(result, entry, "nfe"),
      };
    }),
  );

export const yardsticksOf = (result: Result): Study["yardsticks"] =>
  result.run.entries
    .filter(({ kind }) => kind === "reference-point")
    .map(({ name }) => ({ name, fd: metricOf(result, name, "fd") }));

export const ranOf = (run: string, { run: { startedAt, totals }, env }: Result): Ran => ({
  run,
  startedAt,
  wallSeconds: totals.wallSeconds,
  trainFlops: totals.trainFlops,
  env,
});

/** The rate of each arm's best trial: the lowest FD, the lower rate at a tie; the size's own where all failed. */
export const ratesOf = (trials: readonly Trial[]): Rates =>
  byArm((arm) => bestTrial(trials, arm)?.learningRate ?? ARMS[arm].learningRate);

export const bestTrial = (trials: readonly Trial[], arm: ArmName): Trial | null =>
  trials
    .filter((trial) => trial.arm === arm && trial.fd !== null)
    .sort((a, b) => a.fd! - b.fd! || a.learningRate - b.learningRate)[0] ?? null;

const scored = (result: Result, entry: string): Scored => ({
  fd: metricOf(result, entry, "fd"),
  failure: result.run.entries.find(({ name }) => name === entry)?.failure ?? null,
});

function metricOf({ results, run }: Result, entry: string, family: string): number | null {
  const row = results.find((one) => one.entry === entry && metricFamily(one.metric, run.features) === family);
  return row?.value ?? null;
}
