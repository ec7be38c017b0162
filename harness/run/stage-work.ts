/** How many steps a stage gets, and the work they are. */
import { fieldName } from "../config/issues.ts";
import { UserError } from "../errors.ts";
import { NO_PREPARATION, NO_WORK } from "../measure/ledger.ts";
import type { Dataset, PreparationCost, Stage, Work } from "../plugin.ts";
import { bytesOf, macsOf, peakBytes } from "../program/index.ts";
import type { SettledConfig } from "./settle.ts";

export interface StageWork {
  /** "pre-training" */
  readonly name: string;
  /** It trains an autoencoder, which other models can share. */
  readonly autoencoder: boolean;
  readonly steps: number;
  readonly batchSize: number;
  /** Of a step. */
  readonly macs: number;
  readonly flops: number;
  /** Of a step, beside `macs` and `flops`: what is computed anew for the backward pass. No budget pays for it. */
  readonly recomputed: Work;
  /** Of the forward passes, as a part of `macs`; those of `encoding` are not among them. */
  readonly forwardMacs: number;
  /** Of a step, as parts of `macs` and `flops`; zero where it encodes nothing. */
  readonly encoding: Work;
  readonly parameters: number;
  /** Bytes of weights, moments and averages. */
  readonly stateBytes: number;
  /** Most bytes that one step computes and holds at once, were every value freed after its last use. */
  readonly peakBytes: number;
  /** The same were blocks computed anew in the backward pass, counted when asked for; null where there are none, or they are. */
  readonly recomputingPeakBytes: (() => number) | null;
  /** Before the first step. */
  readonly preparation: PreparationCost;
}

/** Of all steps, and of what is before the first. */
export const stageFlops = ({
  steps,
  flops,
  preparation,
}: Pick<StageWork, "steps" | "flops"> & { readonly preparation: Pick<PreparationCost, "flops"> }): number =>
  steps * flops + preparation.flops;

/** @throws UserError where neither the stage nor a budget says how many steps there are */
export function stageWork(config: SettledConfig, dataset: Dataset, entry: string, stage: Stage): StageWork {
  const { name, batchSize, program, autoencoder = false, forward = ["loss"], encoding = NO_WORK } = stage;
  const { macs, flops, recomputed, parameters, outputs, states, recomputing } = program;
  const preparation = stage.preparationCost?.(dataset.train.length) ?? NO_PREPARATION;
  return {
    name,
    autoencoder,
    steps: stage.steps ?? derivedSteps(config, entry, stage, preparation.flops),
    batchSize,
    macs,
    flops,
    recomputed,
    forwardMacs: macsOf(forward.map((output) => outputs[output]!)) - encoding.macs,
    encoding,
    parameters,
    stateBytes: states.reduce((sum, { value }) => sum + bytesOf(value), 0),
    peakBytes: peakBytes(program),
    recomputingPeakBytes: recomputing && (() => peakBytes(recomputing())),
    preparation,
  };
}

/** Steps for a stage's share of the entry's training FLOPs, work before the first step included. */
function derivedSteps(
  { budget }: SettledConfig,
  entry: string,
  { name, share, program }: Stage,
  preparationFlops: number,
): number {
  if (budget === null)
    throw new UserError(
      `${fieldName(["entries", entry])}: stage "${name}" has no number of steps and there is no budget`,
      "set budget: { trainingFlops: … } in the config, or the stage's steps in the entry's options",
    );
  const flops = budget.trainingFlops * share - preparationFlops;
  const steps = Math.round(flops / program.flops);
  if (steps < 1)
    throw new UserError(
      `budget.trainingFlops: ${budget.trainingFlops} leaves no step for stage "${name}" of entry "${entry}", whose step takes ${program.flops} FLOPs`,
      `raise the budget to at least ${((0.5 * program.flops + preparationFlops) / share).toPrecision(2)}, or choose a smaller model`,
    );
  return steps;
}
