/** What the parts of a run's work share: what they are given, and what they find. */
import { join } from "node:path";
import type { Dataset } from "../plugin.ts";
import type { LedgerLine, TrainingCurve } from "../result.ts";
import type { CodeHashes } from "./identity.ts";
import type {
  JobBase,
  MeasureResult,
  ProbeResult,
  ReconstructResult,
  SampleResult,
  ScoreResult,
  TrainResult,
  ValidateResult,
} from "./jobs.ts";
import { datasetOrigin } from "./origin.ts";
import type { Outcome, Performer } from "./perform.ts";
import type { Pictures } from "./pictures.ts";
import type { Plan, PlannedEntry } from "./plan.ts";
import type { PlannedMilestone } from "./plan-milestones.ts";
import type { PlannedResampling } from "./plan-resamplings.ts";
import type { PlannedStage } from "./plan-stages.ts";
import type { WeightsSource } from "./pretrained.ts";
import type { SettledConfig } from "./settle.ts";

export interface Engine {
  readonly config: SettledConfig;
  readonly cache: string;
  readonly folder: string;
  readonly dataset: Dataset;
  readonly plan: Plan;
  readonly performer: Performer;
  /** Of this machine: timings taken on another are not its own. */
  readonly fingerprint: string;
}

/** What is known of an entry at the end: how far it came, and why not further. */
export interface FoundEntry {
  readonly planned: PlannedEntry;
  readonly training: readonly {
    readonly stage: PlannedStage;
    readonly result: TrainResult;
    readonly cached: boolean;
  }[];
  readonly sampling: Sampled | null;
  readonly broken: Broken;
  readonly timing: MeasureResult | null;
  readonly score: ScoreResult | null;
  readonly reconstruction: {
    readonly measured: ReconstructResult;
    readonly score: ScoreResult;
    readonly pictures: Pictures;
  } | null;
  readonly resamplings: readonly FoundResampling[];
  readonly milestones: readonly FoundMilestone[];
  /** null without a stage to probe, or without classes. */
  readonly probe: ProbeResult | null;
  readonly failure: string | null;
  readonly pictures: Pictures;
}

/** What is known of an entry's weights sampled again. */
export interface FoundResampling {
  readonly planned: PlannedResampling;
  /** The scale that was chosen; null: none. */
  readonly guidance: number | null;
  readonly trials: readonly FoundTrial[];
  readonly sampling: Sampled | null;
  readonly broken: Broken;
  readonly timing: MeasureResult | null;
  readonly score: ScoreResult | null;
  readonly failure: string | null;
  readonly pictures: Pictures;
}

export interface FoundTrial {
  readonly guidance: number;
  readonly sampling: Sampled;
  /** null where judging failed: what was sampled is paid for all the same. */
  readonly judged: ValidateResult | null;
}

/** What is known of an entry's weights on the way. */
export interface FoundMilestone {
  readonly planned: PlannedMilestone;
  /** Of the last stage up to there; null where they could not be had. */
  readonly training: TrainResult | null;
  readonly sampling: Sampled | null;
  readonly broken: Broken;
  readonly score: ScoreResult | null;
  readonly failure: string | null;
}

/** Ledger lines of what took work and failed; none where nothing did. */
export type Broken = readonly LedgerLine[];

interface Sampled {
  readonly result: SampleResult;
  readonly cached: boolean;
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
  readonly curves: readonly TrainingCurve[];
  /** Of stages that broke off. */
  readonly brokenTraining: Broken;
}

export interface Untrained {
  readonly outcome: Outcome<SampleResult>;
  readonly folder: string;
  /** Content address of its images. */
  readonly key: string;
  readonly pictures: Pictures;
}

export const base = (
  { config, cache, dataset }: Engine,
  kind: string,
  key: string,
  title: string,
  code: CodeHashes,
): JobBase => ({
  config,
  cache,
  folder: join(cache, kind, key),
  title,
  origin: { dataset: datasetOrigin(dataset), code },
});

export const weightsOf = ({
  stages,
  pretrained,
}: Pick<PlannedEntry, "stages" | "pretrained">): WeightsSource => ({
  stages: Object.fromEntries(stages.map(({ name, folder }) => [name, folder])),
  pretrained,
});
