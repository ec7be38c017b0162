/** The order of a run's work: train every stage once, then sample, time and score every entry, then what is sampled again and on the way, then the yardsticks. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerLine, TrainingCurve } from "../result.ts";
import { brokenLines } from "./broken-sampling.ts";
import { brokenTrainingLines } from "./broken-training.ts";
import { writeCurve } from "./curves.ts";
import { readFilm } from "./film.ts";
import { base, type Engine, type Found, type FoundEntry, type Untrained, weightsOf } from "./found.ts";
import { hashOf } from "./identity.ts";
import type { MeasureResult, SampleResult, TrainJob, TrainResult } from "./jobs.ts";
import { followEntry, milestonesOf, trainMilestones } from "./milestones.ts";
import { type Outcome, perform } from "./perform.ts";
import { NO_PICTURES, slug, writeEntryPictures, writeGrid, writeStoredGrid } from "./pictures.ts";
import type { PlannedEntry } from "./plan.ts";
import type { PlannedStage } from "./plan-stages.ts";
import type { WeightsSource } from "./pretrained.ts";
import { resampleEntry } from "./resample.ts";
import { entrySampling, untrainedSampling } from "./sampling.ts";
import { scoreEntry, scorePoints } from "./scoring.ts";

/** What became of every stage and of its milestones, by their keys. */
export type Trained = ReadonlyMap<string, Outcome<TrainResult>>;

export async function runJobs(engine: Engine): Promise<Found> {
  const untrained = await sampleUntrained(engine);
  const { trained, curves, brokenTraining } = await trainStages(engine);
  const sampled: FoundEntry[] = [];
  for (const entry of engine.plan.entries) sampled.push(await sampleEntry(engine, entry, trained));
  const scored: FoundEntry[] = [];
  for (const entry of sampled) scored.push(await scoreEntry(engine, entry));
  const entries: FoundEntry[] = [];
  for (const entry of scored)
    entries.push(await followEntry(engine, await resampleEntry(engine, entry), trained));
  return { entries, points: await scorePoints(engine, untrained), curves, brokenTraining };
}

/** The networks of the first entry that trains, before their first step: the first picture of a run, and one of its yardsticks. */
async function sampleUntrained(engine: Engine): Promise<Untrained | null> {
  const untrained = untrainedSampling(engine);
  if (!untrained) return null;
  const { entry, job, key } = untrained;
  const outcome = await perform<SampleResult>(engine.performer, job, { fresh: true });
  if (outcome.state === "done") {
    const side = engine.plan.task.resolution;
    const grid = await writeStoredGrid(engine.folder, `${slug(entry.name)}-untrained`, job.folder, side);
    return { outcome, folder: job.folder, key, pictures: { ...NO_PICTURES, grid } };
  }
  return { outcome, folder: job.folder, key, pictures: NO_PICTURES };
}

/** Why an entry has no weights to sample from; null where it has. */
export function failedStage({ stages }: PlannedEntry, trained: Trained): string | null {
  for (const { key, name } of stages) {
    const outcome = trained.get(key)!;
    if (outcome.state === "failed") return `${name}: ${outcome.reason}`;
  }
  return null;
}

interface TrainedStages extends Pick<Found, "curves" | "brokenTraining"> {
  readonly trained: Trained;
}

/** Trains every stage that is not in the cache, and keeps its milestones. */
export async function trainStages(engine: Engine): Promise<TrainedStages> {
  const trained = new Map<string, Outcome<TrainResult>>();
  const curves: TrainingCurve[] = [];
  const brokenTraining: LedgerLine[] = [];
  for (const stage of engine.plan.stages) {
    const job = trainJob(engine, stage, trained);
    const outcome = await trainStage(engine, stage, trained, job);
    trained.set(stage.key, outcome);
    // Of a training that broke off nothing is sampled.
    if (outcome.state === "failed")
      brokenTraining.push(...(await brokenTrainingLines(stage, sharing(engine, stage))));
    else for (const [key, left] of await trainMilestones(engine, job, stage.key)) trained.set(key, left);
    const curve = await keepCurve(engine, stage);
    if (curve) curves.push(curve);
  }
  return { trained, curves, brokenTraining };
}

/** Names of the entries that a stage is billed to. */
const sharing = ({ plan }: Engine, { key }: PlannedStage): string[] =>
  plan.entries.filter(({ stages }) => stages.some((one) => one.key === key)).map(({ name }) => name);

/** Of a stage's job. */
export const titleOf = ({ entry, name }: PlannedStage): string => `${entry}: ${name}`;
const fileNameOf = ({ entry, name }: PlannedStage): string => `${slug(entry)}-${slug(name)}`;

const keepCurve = ({ folder, performer }: Engine, stage: PlannedStage): Promise<TrainingCurve | null> =>
  writeCurve(folder, fileNameOf(stage), titleOf(stage), stage.folder, performer.clock.date());

function failuresIn({ plan }: Engine, { stages }: WeightsSource, trained: Trained) {
  return Object.entries(stages).flatMap(([name, folder]) => {
    const outcome = trained.get(plan.stages.find((one) => one.folder === folder)!.key)!;
    return outcome.state === "failed" ? [{ name, reason: outcome.reason }] : [];
  });
}

const trainJob = (engine: Engine, stage: PlannedStage, trained: Trained): TrainJob => ({
  ...base(engine, "train", stage.key, titleOf(stage), stage.code),
  kind: "train",
  model: stage.model,
  stage: stage.name,
  steps: stage.steps,
  until: stage.steps,
  milestones: milestonesOf(engine, stage.key).map(({ folder, step }) => ({ folder, step })),
  previous: stage.previous,
  beside: failuresIn(engine, stage.beside, trained).length === 0 ? stage.beside : null,
  frameEvery: Math.ceil(stage.steps / engine.config.checkpoints),
  film: stage.film,
});

async function trainStage(
  engine: Engine,
  stage: PlannedStage,
  trained: Trained,
  job: TrainJob,
): Promise<Outcome<TrainResult>> {
  const [failed] = failuresIn(engine, stage.previous, trained);
  if (failed) return { state: "failed", reason: `its stage "${failed.name}" failed: ${failed.reason}` };
  const side = engine.plan.task.resolution;
  return perform<TrainResult>(engine.performer, job, {
    fresh: true,
    onFrame: async ({ step, file }) => {
      const name = `${fileNameOf(stage)}-step-${step}`;
      const path = await writeGrid(engine.folder, name, await readFile(file), side);
      engine.performer.progress.note(`${job.title}: step ${step}: ${join(engine.folder, path)}`);
    },
  });
}

async function sampleEntry(engine: Engine, planned: PlannedEntry, trained: Trained): Promise<FoundEntry> {
  const found = {
    planned,
    training: [],
    sampling: null,
    broken: [],
    timing: null,
    score: null,
    reconstruction: null,
    resamplings: [],
    milestones: [],
    probe: null,
    failure: null,
    pictures: NO_PICTURES,
  };
  const training: { stage: PlannedStage; result: TrainResult; cached: boolean }[] = [];
  for (const stage of planned.stages) {
    const outcome = trained.get(stage.key)!;
    if (outcome.state === "failed")
      return { ...found, training, failure: `${stage.name}: ${outcome.reason}` };
    training.push({ stage, result: outcome.result, cached: outcome.cached });
  }
  const { job } = entrySampling(engine, planned);
  const sampling = await perform<SampleResult>(engine.performer, job, { fresh: true });
  if (sampling.state === "failed") {
    const broken = await brokenLines(job, planned, planned.name);
    return { ...found, training, broken, failure: `sampling: ${sampling.reason}` };
  }
  const frames = planned.film === null ? new Map<number, string>() : await readFilm(planned.film);
  const side = engine.plan.task.resolution;
  const pictures = await writeEntryPictures(engine.folder, slug(planned.name), job.folder, side, frames);
  const sampled = { ...found, training, sampling, pictures };
  if (planned.made.images !== null) return sampled;
  // Timings belong to this run and this machine: they are kept in the run folder, never in the cache.
  const timing = await perform<MeasureResult>(
    engine.performer,
    {
      ...base(engine, "measure", planned.samplesKey, `${planned.name}: throughput and latency`, planned.code),
      model: planned.model,
      ...weightsOf(planned),
      folder: join(engine.folder, "timings", hashOf([planned.samplesKey, engine.fingerprint])),
      kind: "measure",
      brief: false,
    },
    { fresh: true },
  );
  return timing.state === "failed"
    ? { ...sampled, failure: `timing: ${timing.reason}` }
    : { ...sampled, timing: timing.result };
}
