/** The order of a run's work: train every stage once, then sample, time and score every entry, then the yardsticks. */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { readAdmSamples } from "../formats/npz.ts";
import type { Dataset } from "../plugin.ts";
import { hashOf } from "./identity.ts";
import type {
  ImageSet,
  JobBase,
  MeasureResult,
  ReconstructResult,
  SampleResult,
  ScoreResult,
  TrainResult,
} from "./jobs.ts";
import { type Outcome, type Performer, perform } from "./perform.ts";
import { slug, writeFilm, writeGrid, writeNeighbours } from "./pictures.ts";
import type { Plan, PlannedEntry, PlannedStage } from "./plan.ts";
import { REFERENCE_POINTS, UNTRAINED } from "./reference-points.ts";
import { SAMPLES } from "./sample.ts";
import { scoreIdentity } from "./score-identity.ts";
import { frameFile } from "./train.ts";

export interface Engine {
  readonly config: ResolvedConfig;
  readonly cache: string;
  readonly folder: string;
  readonly dataset: Dataset;
  readonly plan: Plan;
  readonly performer: Performer;
}

export interface Pictures {
  readonly samples: string | null;
  readonly grid: string | null;
  readonly film: string | null;
  readonly filmSteps: readonly number[];
  readonly neighbours: string | null;
}

/** What is known of an entry at the end: how far it came, and why not further. */
export interface FoundEntry {
  readonly planned: PlannedEntry;
  readonly training: readonly {
    readonly stage: PlannedStage;
    readonly result: TrainResult;
    readonly cached: boolean;
  }[];
  readonly sampling: { readonly result: SampleResult; readonly cached: boolean } | null;
  readonly timing: MeasureResult | null;
  readonly score: ScoreResult | null;
  readonly reconstruction: {
    readonly measured: ReconstructResult;
    readonly score: ScoreResult;
    readonly pictures: Pictures;
  } | null;
  readonly failure: string | null;
  readonly pictures: Pictures;
}

export interface FoundPoint {
  readonly name: string;
  readonly description: string;
  readonly score: ScoreResult | null;
  readonly failure: string | null;
  readonly pictures: Pictures;
}

export interface Found {
  readonly entries: readonly FoundEntry[];
  readonly points: readonly FoundPoint[];
}

type Trained = ReadonlyMap<string, Outcome<TrainResult>>;

const NO_PICTURES: Pictures = { samples: null, grid: null, film: null, filmSteps: [], neighbours: null };

export async function runJobs(engine: Engine): Promise<Found> {
  const untrained = await sampleUntrained(engine);
  const trained = new Map<string, Outcome<TrainResult>>();
  for (const stage of engine.plan.stages) trained.set(stage.key, await trainStage(engine, stage, trained));
  const sampled: FoundEntry[] = [];
  for (const entry of engine.plan.entries) sampled.push(await sampleEntry(engine, entry, trained));
  const entries: FoundEntry[] = [];
  for (const entry of sampled) entries.push(await scoreEntry(engine, entry));
  return { entries, points: await scorePoints(engine, untrained) };
}

const base = ({ config, cache }: Engine, kind: string, key: string, title: string): JobBase => ({
  config,
  cache,
  folder: join(cache, kind, key),
  title,
});

const stagesOf = ({ stages }: PlannedEntry): Record<string, string> =>
  Object.fromEntries(stages.map(({ name, folder }) => [name, folder]));

/** The first entry's networks before their first step: the first picture of a run, and one of its yardsticks. */
async function sampleUntrained(engine: Engine): Promise<{ outcome: Outcome<SampleResult>; folder: string }> {
  const entry = engine.plan.entries[0]!;
  const job = {
    ...base(
      engine,
      "sample",
      hashOf([entry.samplesKey, "untrained"]),
      `${entry.name}: samples of the untrained network`,
    ),
    kind: "sample",
    model: entry.model,
    stages: {},
    untrained: true,
    samples: engine.config.samples,
  } as const;
  const outcome = await perform<SampleResult>(engine.performer, job, { fresh: true });
  return { outcome, folder: job.folder };
}

async function trainStage(
  engine: Engine,
  stage: PlannedStage,
  trained: Trained,
): Promise<Outcome<TrainResult>> {
  const title = `${stage.entry}: ${stage.name}`;
  for (const [name, folder] of Object.entries(stage.previous)) {
    const earlier = engine.plan.stages.find((one) => one.folder === folder)!;
    const outcome = trained.get(earlier.key)!;
    if (outcome.state === "failed")
      return { state: "failed", reason: `its stage "${name}" failed: ${outcome.reason}` };
  }
  const job = {
    ...base(engine, "train", stage.key, title),
    kind: "train",
    model: stage.model,
    stage: stage.name,
    steps: stage.steps,
    previous: stage.previous,
    frameEvery: Math.ceil(stage.steps / engine.config.checkpoints),
  } as const;
  const side = engine.plan.task.resolution;
  return perform<TrainResult>(engine.performer, job, {
    fresh: true,
    onFrame: async ({ step, file }) => {
      const name = `${slug(stage.entry)}-${slug(stage.name)}-step-${step}`;
      const path = await writeGrid(engine.folder, name, await readFile(file), side);
      engine.performer.progress.note(`${title}: step ${step}: ${join(engine.folder, path)}`);
    },
  });
}

async function sampleEntry(engine: Engine, planned: PlannedEntry, trained: Trained): Promise<FoundEntry> {
  const found = {
    planned,
    training: [],
    sampling: null,
    timing: null,
    score: null,
    reconstruction: null,
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
  const common = { model: planned.model, stages: stagesOf(planned) };
  const job = {
    ...base(engine, "sample", planned.samplesKey, `${planned.name}: sampling`),
    ...common,
    kind: "sample",
    untrained: false,
    samples: engine.config.samples,
  } as const;
  const sampling = await perform<SampleResult>(engine.performer, job, { fresh: true });
  if (sampling.state === "failed") return { ...found, training, failure: `sampling: ${sampling.reason}` };
  const pictures = await entryPictures(engine, planned, training.at(-1)!, job.folder);
  // Timings belong to this run and this machine: they are kept in the run folder, never in the cache.
  const timing = await perform<MeasureResult>(
    engine.performer,
    {
      ...base(engine, "measure", planned.samplesKey, `${planned.name}: throughput and latency`),
      ...common,
      folder: join(engine.folder, "timings", slug(planned.name)),
      kind: "measure",
    },
    { fresh: true },
  );
  if (timing.state === "failed") return { ...found, training, pictures, failure: `timing: ${timing.reason}` };
  return { ...found, training, sampling, timing: timing.result, pictures };
}

async function entryPictures(
  engine: Engine,
  planned: PlannedEntry,
  last: { stage: PlannedStage; result: TrainResult },
  samplesFolder: string,
): Promise<Pictures> {
  const side = engine.plan.task.resolution;
  const name = slug(planned.name);
  const stored = join(samplesFolder, SAMPLES);
  const { images } = await readAdmSamples(stored);
  const grid = await writeGrid(engine.folder, name, images.subarray(0, 60 * side * side * 3), side);
  const samples = `samples/${name}.npz`;
  await mkdir(join(engine.folder, "samples"), { recursive: true });
  await copyFile(stored, join(engine.folder, samples));
  const frames = last.result.frames.map((step) => join(last.stage.folder, frameFile(step)));
  const film = frames.length > 0 ? await writeFilm(engine.folder, name, frames, side) : null;
  return { samples, grid, film, filmSteps: last.result.frames, neighbours: null };
}

async function scoreSet(
  engine: Engine,
  title: string,
  images: ImageSet,
  content: string,
): Promise<Outcome<ScoreResult>> {
  const key = hashOf([scoreIdentity(engine.config, engine.dataset), content]);
  const job = { ...base(engine, "score", key, `${title}: scoring`), kind: "score", images } as const;
  return perform<ScoreResult>(engine.performer, job, { fresh: false });
}

async function scoreEntry(engine: Engine, found: FoundEntry): Promise<FoundEntry> {
  const { planned } = found;
  if (found.failure !== null) return found;
  const folder = join(engine.cache, "sample", planned.samplesKey);
  const score = await scoreSet(
    engine,
    planned.name,
    { kind: "stored", folder, labelled: true },
    planned.samplesKey,
  );
  if (score.state === "failed") return { ...found, failure: `scoring: ${score.reason}` };
  const side = engine.plan.task.resolution;
  const { images } = await readAdmSamples(join(folder, SAMPLES));
  const nearest = await engine.dataset.train.images(score.result.neighbours);
  const shown = images.subarray(0, nearest.length);
  const neighbours = await writeNeighbours(engine.folder, slug(planned.name), shown, nearest, side);
  const scored = { ...found, score: score.result, pictures: { ...found.pictures, neighbours } };
  return planned.reconstructs ? reconstructEntry(engine, scored) : scored;
}

async function reconstructEntry(engine: Engine, found: FoundEntry): Promise<FoundEntry> {
  const { planned } = found;
  const key = hashOf([planned.samplesKey, engine.dataset.heldOut.identity, "reconstruction"]);
  const job = {
    ...base(engine, "reconstruct", key, `${planned.name}: reconstructing held-out images`),
    kind: "reconstruct",
    model: planned.model,
    stages: stagesOf(planned),
  } as const;
  const measured = await perform<ReconstructResult>(engine.performer, job, { fresh: true });
  if (measured.state === "failed") return { ...found, failure: `reconstruction: ${measured.reason}` };
  const score = await scoreSet(
    engine,
    `${planned.name}: reconstructions`,
    { kind: "stored", folder: job.folder, labelled: true },
    key,
  );
  if (score.state === "failed") return { ...found, failure: `scoring reconstructions: ${score.reason}` };
  const side = engine.plan.task.resolution;
  const { images } = await readAdmSamples(join(job.folder, SAMPLES));
  const grid = await writeGrid(
    engine.folder,
    `${slug(planned.name)}-reconstructions`,
    images.subarray(0, 40 * side * side * 3),
    side,
  );
  return {
    ...found,
    reconstruction: { measured: measured.result, score: score.result, pictures: { ...NO_PICTURES, grid } },
  };
}

async function scorePoints(
  engine: Engine,
  untrained: { outcome: Outcome<SampleResult>; folder: string },
): Promise<FoundPoint[]> {
  const points: FoundPoint[] = [];
  for (const { name, description, images } of REFERENCE_POINTS) {
    const set = images(engine.config.samples);
    const score = await scoreSet(engine, name, set, hashOf(set));
    points.push({ name, description, ...scoreOf(score), pictures: NO_PICTURES });
  }
  const { outcome, folder } = untrained;
  if (outcome.state === "failed")
    return [...points, { ...UNTRAINED, score: null, failure: outcome.reason, pictures: NO_PICTURES }];
  const score = await scoreSet(engine, UNTRAINED.name, { kind: "stored", folder, labelled: true }, folder);
  return [...points, { ...UNTRAINED, ...scoreOf(score), pictures: NO_PICTURES }];
}

const scoreOf = (outcome: Outcome<ScoreResult>): { score: ScoreResult | null; failure: string | null } =>
  outcome.state === "done"
    ? { score: outcome.result, failure: null }
    : { score: null, failure: outcome.reason };
