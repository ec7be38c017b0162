/** What is known of an entry's files before they are opened, and what they do when they are. */
import type { Model, Sampler, SamplingTerms } from "../../../harness/plugin.ts";
import type { Stream } from "../../../harness/random/index.ts";
import type { ModelFile } from "./model-file.ts";

export interface PlannedFiles {
  /** The network's; then a latent model's decoder's. */
  readonly files: readonly [network: ModelFile, decoder?: ModelFile];
  callsAnImage(): Promise<CallsAnImage>;
  resampled(terms: SamplingTerms): Awaited<ReturnType<NonNullable<Model["resampled"]>>>;
  /** @param batchSize images a call, where the files leave it open */
  open(batchSize: number): Promise<OpenFiles>;
}

export interface CallsAnImage {
  /** null: only sampling tells. */
  readonly network: number | null;
  readonly decoder: number;
}

export interface OpenFiles {
  readonly batch: number;
  readonly description: Sampler["description"];
  /** `batch` images, uint8 NHWC. */
  make(streams: readonly Stream[], labels: readonly number[]): Promise<Uint8Array>;
  /** Calls of the network so far. */
  calls(): number;
  dispose(): Promise<void>;
}
