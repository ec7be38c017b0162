/** Where along its training an entry is sampled and scored: parts of its training FLOPs, as steps of its last stage. */
import { join } from "node:path";
import { hashOf } from "./identity.ts";
import type { PlannedStage } from "./plan-stages.ts";
import { type StageWork, stageFlops } from "./stage-work.ts";

/** "EPG: at 25 % of its training" */
export interface ProposedMilestone {
  /** Of its row. */
  readonly name: string;
  /** Of the entry's training FLOPs, as the config has it. */
  readonly part: number;
  /** Of the last stage, the nearest to that part. */
  readonly step: number;
}

export interface PlannedMilestone extends ProposedMilestone {
  /** Content address of the weights: of the stage, and of that step. */
  readonly key: string;
  readonly folder: string;
  readonly stage: PlannedStage;
  readonly samplesKey: string;
}

export interface Milestones<One> {
  /** In order of steps. */
  readonly rows: readonly One[];
  /** Why some of the parts are not among them; null: all are, or nothing trains. */
  readonly unreached: string | null;
}

type Steps = Pick<StageWork, "name" | "steps" | "flops"> & {
  readonly preparation: Pick<StageWork["preparation"], "flops">;
};

const percent = (part: number): string => `${Number((100 * part).toPrecision(3))} %`;

/** Nothing of them has an address yet. @param stages of the entry, in order; images are made of the last one's weights */
export function proposeMilestones(
  entry: string,
  parts: readonly number[],
  stages: readonly Steps[],
): Milestones<ProposedMilestone> {
  const last = stages.at(-1);
  if (!last || parts.length === 0) return { rows: [], unreached: null };
  const whole = stages.reduce((sum, stage) => sum + stageFlops(stage), 0);
  const before = whole - last.steps * last.flops;
  const all = parts
    .toSorted((a, b) => a - b)
    .map((part) => ({
      name: `${entry}: at ${percent(part)} of its training`,
      part,
      step: Math.round((part * whole - before) / last.flops),
    }));
  const isReached = ({ step }: ProposedMilestone): boolean => step >= 1 && step < last.steps;
  const missed = all.filter((one) => !isReached(one)).map(({ part }) => percent(part));
  const begins = `its stage "${last.name}" takes its ${last.steps} steps from ${percent(before / whole)} on`;
  return {
    rows: all.filter(isReached),
    unreached: missed.length === 0 ? null : `not sampled at ${missed.join(", ")} of its training: ${begins}`,
  };
}

/** @param samplesKeyOf content address of samples from the weights of such stages, by their keys */
export function planMilestones(
  entry: string,
  parts: readonly number[],
  stages: readonly PlannedStage[],
  cache: string,
  samplesKeyOf: (stages: readonly string[]) => string,
): Milestones<PlannedMilestone> {
  const { rows, unreached } = proposeMilestones(entry, parts, stages);
  const earlier = stages.slice(0, -1).map(({ key }) => key);
  const addressed = (one: ProposedMilestone): PlannedMilestone => {
    const stage = stages.at(-1)!;
    const key = hashOf([stage.key, "weights after step", one.step]);
    return {
      ...one,
      key,
      folder: join(cache, "train", key),
      stage,
      samplesKey: samplesKeyOf([...earlier, key]),
    };
  };
  return { rows: rows.map(addressed), unreached };
}
