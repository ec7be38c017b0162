/** Where a step's posteriors come from: encoded once for all steps, or by the step itself. */
import type { BatchContext, PreparationCost, StageContext, Work } from "../../../harness/plugin.ts";
import type { Tensors, Tracer } from "../../../harness/program/index.ts";
import type { AutoencoderConfig, Posterior } from "./autoencoder.ts";
import type { DitConfig } from "./dit.ts";

/** "cached": encoded once, before the first step. */
export const LATENTS = ["cached", "every step"] as const;
export type Latents = (typeof LATENTS)[number];

/** What either encodes. */
export interface Encoding {
  readonly autoencoder: AutoencoderConfig;
  readonly resolution: number;
  /** Rows are training images, then, with `flip`, the same mirrored. */
  readonly flip: boolean;
}

export interface LatentSource {
  /** Of a step, in its program; what it needs are inputs of it, and states where it has a network. */
  posterior(p: Tracer, batch: number, config: DitConfig): Posterior;
  /** Those inputs, of the rows of a step. */
  inputs(context: BatchContext, prepared: Tensors, rows: readonly number[]): Promise<Tensors>;
  /** Those states. */
  start(context: StageContext): Tensors;
  /** Before the first step, whose rows these are. A tensor `scale`: 1/σ of the latents that it encodes. */
  prepare?(context: StageContext, first: readonly number[]): Promise<Tensors>;
  preparationCost?(trainingImages: number): PreparationCost;
  /** Of the step's program. */
  readonly encoding?: Work;
}
