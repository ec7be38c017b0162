/** An entry's weights sampled again on the terms of the comparison: trials choose the guidance, then a row is sampled, timed and scored. */
import { join } from "node:path";
import { brokenLines, forTrial } from "./broken-sampling.ts";
import {
  type Broken,
  base,
  type Engine,
  type FoundEntry,
  type FoundResampling,
  type FoundTrial,
  weightsOf,
} from "./found.ts";
import { hashOf, scoringCode } from "./identity.ts";
import type { MeasureResult, SampleJob, SamplePurpose, SampleResult, ValidateResult } from "./jobs.ts";
import { type Outcome, perform } from "./perform.ts";
import { NO_PICTURES, slug, writeStoredGrid } from "./pictures.ts";
import type { PlannedEntry } from "./plan.ts";
import type { Candidate, PlannedResampling } from "./plan-resamplings.ts";
import type { PlannedSampling } from "./sampling.ts";
import { scoreSet } from "./scoring.ts";

/** Nothing where the entry itself made no images. */
export async function resampleEntry(engine: Engine, found: FoundEntry): Promise<FoundEntry> {
  if (found.sampling === null) return found;
  const resamplings: FoundResampling[] = [];
  for (const planned of found.planned.resamplings)
    resamplings.push(await resample(engine, found.planned, planned));
  return { ...found, resamplings };
}

async function resample(
  engine: Engine,
  entry: PlannedEntry,
  planned: PlannedResampling,
): Promise<FoundResampling> {
  const none = {
    planned,
    guidance: null,
    trials: [],
    sampling: null,
    broken: [],
    timing: null,
    score: null,
    pictures: NO_PICTURES,
  };
  const tried = await chooseGuidance(engine, entry, planned);
  if ("failure" in tried) return { ...none, ...tried };
  const { trials, chosen } = tried;
  const found = { ...none, trials, guidance: chosen.guidance };
  const { job } = resampling(engine, entry, planned, chosen);
  const sampling = await perform<SampleResult>(engine.performer, job, { fresh: true });
  if (sampling.state === "failed") {
    const broken = await brokenLines(job, entry, planned.name);
    return { ...found, broken, failure: `sampling: ${sampling.reason}` };
  }
  const side = engine.plan.task.resolution;
  const grid = await writeStoredGrid(engine.folder, slug(planned.name), job.folder, side);
  const sampled = { ...found, sampling, pictures: { ...NO_PICTURES, grid } };
  const timing = await time(engine, entry, chosen, planned.name);
  if (timing.state === "failed") return { ...sampled, failure: `timing: ${timing.reason}` };
  const images = { kind: "stored", folder: job.folder, labelled: true } as const;
  const score = await scoreSet(engine, planned.name, images, chosen.samplesKey);
  if (score.state === "failed") return { ...sampled, failure: `scoring: ${score.reason}` };
  return { ...sampled, timing: timing.result, score: score.result, failure: null };
}

interface Tried {
  /** In the order of the candidates; none where there is no choice. */
  readonly trials: readonly FoundTrial[];
  readonly chosen: Candidate;
}

interface NotTried {
  readonly trials: readonly FoundTrial[];
  readonly broken: Broken;
  readonly failure: string;
}

/** The candidate of the lowest distance; the first of several. */
export async function chooseGuidance(
  engine: Engine,
  entry: PlannedEntry,
  { name, candidates }: PlannedResampling,
): Promise<Tried | NotTried> {
  if (candidates.length === 1) return { trials: [], chosen: candidates[0]! };
  const trials: FoundTrial[] = [];
  const distances: number[] = [];
  for (const candidate of candidates) {
    const title = `${name}: trial of guidance ${candidate.guidance}`;
    const job = sampleJob(engine, entry, candidate, title, "trial");
    const sampling = await perform<SampleResult>(engine.performer, job, { fresh: true });
    if (sampling.state === "failed") {
      const broken = (await brokenLines(job, entry, name)).map(forTrial);
      return { trials, broken, failure: `${title}: ${sampling.reason}` };
    }
    const judged = await validate(engine, title, job.folder, candidate.trialKey);
    const trial = { guidance: candidate.guidance!, sampling };
    if (judged.state === "failed")
      return {
        trials: [...trials, { ...trial, judged: null }],
        broken: [],
        failure: `judging the ${title}: ${judged.reason}`,
      };
    trials.push({ ...trial, judged: judged.result });
    distances.push(judged.result.kid);
  }
  return { trials, chosen: candidates[distances.indexOf(Math.min(...distances))]! };
}

export const resampling = (
  engine: Engine,
  entry: PlannedEntry,
  { name }: Pick<PlannedResampling, "name">,
  chosen: Candidate,
): PlannedSampling => ({
  entry,
  key: chosen.samplesKey,
  job: sampleJob(engine, entry, chosen, name, "sample"),
});

function sampleJob(
  engine: Engine,
  entry: PlannedEntry,
  candidate: Candidate,
  title: string,
  purpose: SamplePurpose,
): SampleJob {
  const trial = purpose === "trial";
  const key = trial ? candidate.trialKey : candidate.samplesKey;
  return {
    ...base(engine, "sample", key, `${title}: sampling`, entry.code),
    ...weightsOf({ ...entry, pretrained: candidate.pretrained }),
    kind: "sample",
    model: candidate.model,
    untrained: false,
    samples: trial ? engine.config.comparison!.validationSamples : engine.config.samples,
    purpose,
    identity: entry.made.identity,
  };
}

async function validate(
  engine: Engine,
  title: string,
  samples: string,
  trialKey: string,
): Promise<Outcome<ValidateResult>> {
  const key = hashOf([engine.plan.scoreIdentity, trialKey, "held-out"]);
  const job = {
    ...base(engine, "validate", key, `${title}: judging`, await scoringCode(engine.config)),
    kind: "validate",
    samples,
  } as const;
  return perform<ValidateResult>(engine.performer, job, { fresh: false });
}

function time(
  engine: Engine,
  entry: PlannedEntry,
  { model, pretrained, samplesKey }: Candidate,
  name: string,
): Promise<Outcome<MeasureResult>> {
  const job = {
    ...base(engine, "measure", samplesKey, `${name}: throughput and latency`, entry.code),
    ...weightsOf({ ...entry, pretrained }),
    folder: join(engine.folder, "timings", hashOf([samplesKey, engine.fingerprint, "brief"])),
    kind: "measure",
    model,
    brief: true,
  } as const;
  return perform<MeasureResult>(engine.performer, job, { fresh: true });
}
