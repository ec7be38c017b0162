/** The pieces of work a run is cut into. Each is plain data, done by a worker process, addressed by its content. */
import type { Score } from "../evaluate/score.ts";
import type { Tallies } from "../measure/counting.ts";
import type { CountedSampling, Measured, SamplingCost, TrainingCost } from "../measure/ledger.ts";
import type { Descriptor, Elsewhere } from "../plugin.ts";
import type { Rival } from "./claim.ts";
import type { Origin } from "./origin.ts";
import type { WeightsSource } from "./pretrained.ts";
import type { SettledConfig } from "./settle.ts";
import type { Shard } from "./shard.ts";

export interface JobBase {
  readonly config: SettledConfig;
  /** Root of the cache. */
  readonly cache: string;
  /** Where the job's results go: `<cache>/<kind>/<key>`. */
  readonly folder: string;
  /** For people: "EPG: pre-training". */
  readonly title: string;
  readonly origin: Origin;
}

export interface TrainJob extends JobBase {
  readonly kind: "train";
  readonly model: Descriptor<"model">;
  readonly stage: string;
  /** Of the whole stage, which its schedules go by. */
  readonly steps: number;
  /** The step that this job ends with: the last, or a milestone. */
  readonly until: number;
  /** Weights to be left on the way. */
  readonly milestones: readonly Milestone[];
  /** What this stage starts from. */
  readonly previous: WeightsSource;
  /** What its pictures are sampled with beside; null where that failed to be trained: no pictures. */
  readonly beside: WeightsSource | null;
  /** Steps between two pictures of where training stands. */
  readonly frameEvery: number;
  /** Where they are kept. */
  readonly film: string;
}

/** Where a stage's weights after some of its steps are kept: `<cache>/train/<key>`. */
interface Milestone {
  readonly step: number;
  readonly folder: string;
}

export interface TrainResult extends TrainingCost {
  /** Of the weights the stage hands on. */
  readonly weightsSha256: string;
  readonly finalLoss: number;
}

/** Which images an entry's weights are sampled for. */
export interface Sampling extends JobBase, WeightsSource {
  readonly model: Descriptor<"model">;
  /** Sample from networks as they were before the first step. */
  readonly untrained: boolean;
  readonly samples: number;
  /** Of the files it was planned with. */
  readonly identity: string | null;
  /** Which seeds: those that are scored, or those by which guidance is chosen. */
  readonly purpose: SamplePurpose;
}

export interface SampleJob extends Sampling {
  readonly kind: "sample";
}

export type SamplePurpose = "sample" | "trial";

export type SampleResult = SampledHere | SampledElsewhere;

interface Sampled {
  readonly resolution: number;
  readonly description: Readonly<Record<string, string | number | boolean>>;
}

export interface SampledHere extends Sampled, CountedSampling, Measured {
  readonly elsewhere: null;
  /** Network calls an image; guidance passes counted. */
  readonly nfe: number;
}

export interface SampledElsewhere extends Sampled, SamplingCost {
  /** What is known of it; the rest of the costs is null. */
  readonly elsewhere: Elsewhere;
  readonly nfe: number | null;
}

/** A shard's part of the images of a sampling. */
export interface ShareJob extends Sampling {
  readonly kind: "share";
  readonly shard: Shard;
}

export interface ShareResult {
  /** Of the shard's images alone. */
  readonly sampled: SampleResult;
  readonly spent: Spent;
}

/** What all chunks took so far, in whatever processes they were made. */
export interface Spent {
  /** Chunks made; a file beyond them was written by a process that was killed before it counted. */
  readonly chunks: number;
  readonly tallies: Tallies;
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
}

/** Looking at a shard's images as `score` looks at all of them. */
export interface ExtractJob extends JobBase {
  readonly kind: "extract";
  /** Folder of the finished share. */
  readonly samples: string;
}

export interface ExtractResult {
  readonly n: number;
}

export interface ReconstructJob extends JobBase, WeightsSource {
  readonly kind: "reconstruct";
  readonly model: Descriptor<"model">;
}

export interface ReconstructResult {
  readonly n: number;
  /** Mean over images, in dB. */
  readonly psnr: number;
  /** Mean over images; null where they are smaller than its window. */
  readonly ssim: number | null;
  /** Mean over images of the model's distance; null where its options name none. */
  readonly distance: { readonly metric: string; readonly value: number; readonly convention: string } | null;
}

export interface ProbeJob extends JobBase {
  readonly kind: "probe";
  readonly model: Descriptor<"model">;
  /** Folder of the finished stage whose encoder is probed. */
  readonly stage: string;
}

/** A kNN probe of an encoder: training images are the bank, held-out images the queries. */
export interface ProbeResult {
  /** Held-out images. */
  readonly n: number;
  readonly bank: number;
  readonly accuracy: number;
  readonly standardError: number;
  /** The accuracy of the same encoder before its first step. */
  readonly untrained: number;
  /** That of always guessing the most frequent class of the held-out images. */
  readonly chance: number;
  /** How the encoder was read. */
  readonly encoder: string;
}

export interface MeasureJob extends JobBase, WeightsSource {
  readonly kind: "measure";
  readonly model: Descriptor<"model">;
  /** In fewer rounds, where there are many rows to time. */
  readonly brief: boolean;
}

export interface MeasureResult {
  readonly batchSize: number;
  /** Images a second at that batch. */
  readonly throughput: { readonly median: number; readonly standardError: number; readonly rounds: number };
  /** Seconds of one image at batch 1. */
  readonly latency: { readonly median: number; readonly standardError: number; readonly rounds: number };
}

/** Which images are scored. */
export type ImageSet =
  | { readonly kind: "stored"; readonly folder: string; readonly labelled: boolean }
  | { readonly kind: "held-out" | "train-copies" | "blurred" | "constant-mean"; readonly n: number };

export interface ScoreJob extends JobBase {
  readonly kind: "score";
  readonly images: ImageSet;
  /** Of reconstructions, what they were made from. */
  readonly originals: ImageSet | null;
}

export interface ScoreResult {
  readonly n: number;
  readonly featureDims: number;
  readonly features: string;
  /** The extractor's, for the report. */
  readonly warnings: readonly string[];
  readonly scores: readonly Score[];
  /** Nearest training image of the first samples. */
  readonly neighbours: readonly number[];
}

/** A trial's samples against the held-out images. */
export interface ValidateJob extends JobBase {
  readonly kind: "validate";
  /** Folder of the finished sampling. */
  readonly samples: string;
}

export interface ValidateResult {
  readonly n: number;
  /** How many held-out images there are. */
  readonly heldOut: number;
  readonly kid: number;
  readonly standardError: number | null;
}

export type Job =
  | TrainJob
  | SampleJob
  | ShareJob
  | ExtractJob
  | ReconstructJob
  | ProbeJob
  | MeasureJob
  | ScoreJob
  | ValidateJob;

/** What a job says while it runs. */
export type JobEvent =
  | {
      readonly type: "progress";
      readonly done: number;
      readonly total: number;
      readonly unit: string;
      readonly note?: string;
    }
  /** The first step or batch begins: what is timed; after `done`, where an earlier process left off. */
  | { readonly type: "began"; readonly done: number; readonly total: number; readonly unit: string }
  | { readonly type: "frame"; readonly step: number; readonly file: string }
  /** Another run is at this very job. */
  | { readonly type: "waiting"; readonly rival: Rival };

/** How a job reaches the process that asked for it. */
export interface JobHost {
  emit(event: JobEvent): void;
  /** True once the run is asked to stop: the job saves what it has and throws `Stopped`. */
  stopping(): boolean;
  /** Monotonic milliseconds. */
  now(): number;
}

export class Stopped extends Error {
  override name = "Stopped";
}

/** Training that broke off: the loss is no longer a number, or far from where it was. */
export class Diverged extends Error {
  override name = "Diverged";
}
