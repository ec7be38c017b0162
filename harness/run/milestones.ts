/** An entry's weights on the way: left by its training, then sampled and scored as the entry itself is. */
import { brokenLines } from "./broken-sampling.ts";
import { type Engine, type FoundEntry, type FoundMilestone, weightsOf } from "./found.ts";
import type { SampleResult, TrainJob, TrainResult } from "./jobs.ts";
import { type Outcome, perform } from "./perform.ts";
import type { PlannedEntry } from "./plan.ts";
import type { PlannedMilestone } from "./plan-milestones.ts";
import { type PlannedSampling, samplingOf } from "./sampling.ts";
import { scoreSet } from "./scoring.ts";
import { readStored } from "./store.ts";

/** Of all entries that share the stage, each once, latest first. */
export function milestonesOf({ plan }: Pick<Engine, "plan">, stage: string): readonly PlannedMilestone[] {
  const all = plan.entries.flatMap(({ milestones }) => milestones).filter((one) => one.stage.key === stage);
  return [...new Map(all.map((one) => [one.key, one])).values()].sort((a, b) => b.step - a.step);
}

/**
 * The weights that a stage's training left, or, of one that ran without them, those of a training up to there: the same
 * steps, by the schedules of the whole. The latest first: it leaves the others on its way.
 * @param whole the job of the stage
 */
export async function trainMilestones(
  engine: Engine,
  whole: TrainJob,
  stage: string,
): Promise<[key: string, Outcome<TrainResult>][]> {
  const outcomes: [string, Outcome<TrainResult>][] = [];
  for (const { key, folder, step } of milestonesOf(engine, stage)) {
    const left = await readStored<TrainResult>(folder);
    const title = `${whole.title}, again up to step ${step}`;
    outcomes.push([
      key,
      left
        ? { state: "done", result: left.value, cached: true }
        : await perform(
            engine.performer,
            { ...whole, folder, title, until: step, beside: null },
            { fresh: true },
          ),
    ]);
  }
  return outcomes;
}

export const milestoneSampling = (
  engine: Engine,
  entry: PlannedEntry,
  { name, folder, stage, samplesKey }: PlannedMilestone,
): PlannedSampling => {
  const weights = weightsOf(entry);
  const stages = { ...weights.stages, [stage.name]: folder };
  return samplingOf(engine, entry, samplesKey, `${name}: sampling`, { ...weights, stages });
};

/** Nothing where the entry itself made no images. @param trained what became of the milestones, by their keys */
export async function followEntry(
  engine: Engine,
  found: FoundEntry,
  trained: ReadonlyMap<string, Outcome<TrainResult>>,
): Promise<FoundEntry> {
  if (found.sampling === null) return found;
  const milestones: FoundMilestone[] = [];
  for (const planned of found.planned.milestones)
    milestones.push(await sampleMilestone(engine, found.planned, planned, trained.get(planned.key)!));
  return { ...found, milestones };
}

async function sampleMilestone(
  engine: Engine,
  entry: PlannedEntry,
  planned: PlannedMilestone,
  trained: Outcome<TrainResult>,
): Promise<FoundMilestone> {
  const none = { planned, training: null, sampling: null, broken: [], score: null };
  if (trained.state === "failed") return { ...none, failure: `${planned.stage.name}: ${trained.reason}` };
  const { job, key } = milestoneSampling(engine, entry, planned);
  const sampling = await perform<SampleResult>(engine.performer, job, { fresh: true });
  const found = { ...none, training: trained.result };
  if (sampling.state === "failed") {
    const broken = await brokenLines(job, entry, planned.name);
    return { ...found, broken, failure: `sampling: ${sampling.reason}` };
  }
  const images = { kind: "stored", folder: job.folder, labelled: true } as const;
  const score = await scoreSet(engine, planned.name, images, key);
  return score.state === "failed"
    ? { ...found, sampling, failure: `scoring: ${score.reason}` }
    : { ...found, sampling, score: score.result, failure: null };
}
