/** The samplings of a run's entries: what of their images `run` makes whole and shards in parts. */
import { base, type Engine, weightsOf } from "./found.ts";
import { hashOf } from "./identity.ts";
import type { SampleJob } from "./jobs.ts";
import type { PlannedEntry } from "./plan.ts";

export interface PlannedSampling {
  readonly entry: PlannedEntry;
  /** Content address of its images. */
  readonly key: string;
  readonly job: SampleJob;
}

export const entrySampling = (engine: Engine, entry: PlannedEntry): PlannedSampling =>
  samplingOf(engine, entry, entry.samplesKey, `${entry.name}: sampling`);

/** Of the first entry that trains, before its first step; null where nothing trains. */
export function untrainedSampling(engine: Engine): PlannedSampling | null {
  const entry = engine.plan.entries.find(({ stages }) => stages.length > 0);
  if (!entry) return null;
  const title = `${entry.name}: samples of the untrained network`;
  const sampling = samplingOf(engine, entry, hashOf([entry.samplesKey, "untrained"]), title);
  return { ...sampling, job: { ...sampling.job, stages: {}, untrained: true } };
}

/** @param weights the entry's own, or some of its training in their place */
export const samplingOf = (
  engine: Engine,
  entry: PlannedEntry,
  key: string,
  title: string,
  weights = weightsOf(entry),
): PlannedSampling => ({
  entry,
  key,
  job: {
    ...base(engine, "sample", key, title, entry.code),
    ...weights,
    kind: "sample",
    model: entry.model,
    untrained: false,
    samples: engine.config.samples,
    identity: entry.made.identity,
    purpose: "sample",
  },
});
