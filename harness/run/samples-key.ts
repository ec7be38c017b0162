/** Content addresses of samples. */
import type { Dataset, Task } from "../plugin.ts";
import { type CodeHashes, hashOf } from "./identity.ts";
import { contentOf } from "./plan-stages.ts";
import type { PretrainedFile, Settings } from "./pretrained.ts";
import type { SettledConfig } from "./settle.ts";

/** What all samples from an entry's weights have in common. */
export interface WeightsIdentity {
  readonly task: Task;
  /** Keys of its stages. */
  readonly stages: readonly string[];
  readonly code: CodeHashes;
  readonly backend: string;
  /** Of files that its options name beside the pretrained ones; null: none. */
  readonly files: string | null;
}

/** @param settings the options, with contents in place of files */
export const samplesKey = (
  { task, stages, code, backend, files }: WeightsIdentity,
  pretrained: readonly PretrainedFile[],
  settings: Settings,
  seeds: string,
): string =>
  hashOf([
    task,
    stages,
    pretrained.map(contentOf),
    settings,
    code,
    seeds,
    backend,
    ...(files === null ? [] : [files]),
  ]);

type Seeds = Pick<SettledConfig, "seed" | "samples" | "labels" | "unconditional">;

/** Equal hashes: the same seeds with the same labels, so that results can be paired. */
export const seedsHash = (seeds: Seeds, { train }: Pick<Dataset, "train">): string =>
  hashed("seeds", seeds, train.identity);

/** The same of trials, whose seeds are others. */
export const trialSeedsHash = (seeds: Seeds, samples: number, { train }: Pick<Dataset, "train">): string =>
  hashed("trial seeds", { ...seeds, samples }, train.identity);

const hashed = (which: string, { seed, samples, labels, unconditional }: Seeds, train: string): string =>
  hashOf([
    which,
    seed,
    samples,
    labels,
    unconditional,
    // Only such labels are drawn from the images'.
    ...(labels === "frequency" && !unconditional ? [train] : []),
  ]);
