/** Content addresses of samples. */
import type { Descriptor } from "../plugin.ts";
import { type CodeHashes, hashOf } from "./identity.ts";
import { contentOf } from "./plan-stages.ts";
import type { PretrainedFile } from "./pretrained.ts";
import type { SettledConfig } from "./settle.ts";

/** What all samples from an entry's weights have in common. */
export interface WeightsIdentity {
  /** Keys of its stages. */
  readonly stages: readonly string[];
  readonly code: CodeHashes;
  readonly backend: string;
}

export const samplesKey = (
  { stages, code, backend }: WeightsIdentity,
  pretrained: readonly PretrainedFile[],
  { options }: Descriptor<"model">,
  seeds: string,
): string => hashOf([stages, pretrained.map(contentOf), options, code, seeds, backend]);

/** Equal hashes: the same seeds with the same labels, so that results can be paired. */
export const seedsHash = ({ seed, samples, labels, unconditional }: SettledConfig): string =>
  hashOf(["seeds", seed, samples, labels, unconditional]);

/** The same of trials, whose seeds are others. */
export const trialSeedsHash = ({ seed, labels, unconditional }: SettledConfig, samples: number): string =>
  hashOf(["trial seeds", seed, samples, labels, unconditional]);
