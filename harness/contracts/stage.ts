/** The stages of a model's training, and the files in their place. */
import type { Program, Tensors } from "../program/index.ts";
import type { Stream } from "../random/index.ts";
import type { Runtime } from "./backend.ts";
import type { ImageSource } from "./data.ts";
import type { StageWeights, Task } from "./model.ts";

export interface Work {
  readonly macs: number;
  readonly flops: number;
}

export interface PreparationCost extends Work {
  /** "encoding the data set" */
  readonly what: string;
  readonly images: number;
  /** Images a call; the last is filled up, and paid whole. */
  readonly batchSize: number;
}

export interface Stage {
  /** "pre-training", "diffusion fine-tuning", "VAE", "DiT". */
  readonly name: string;
  /** Names of the earlier stages of this model whose results, or the files in their place, it starts from. */
  readonly after: readonly string[];
  /** One training step. It must have a scalar output `loss`. */
  readonly program: Program;
  /** Outputs that only forward passes are behind, `loss` where it names none: what is behind them all is the step's forward part. */
  readonly forward?: readonly string[];
  /** Of a step, what encoding its images by a frozen network takes, which has a ledger line of its own. */
  readonly encoding?: Work;
  readonly batchSize: number;
  /** Steps asked for by the options; null when a budget derives them. */
  readonly steps: number | null;
  /** Part of the entry's training FLOPs this stage gets when a budget derives the steps (an entry's shares add to 1). */
  readonly share: number;
  /** It trains an autoencoder, which other models can share: billed in full, in part and not at all. */
  readonly autoencoder?: true;
  /** Everything beside program, host code, data, seed and steps that the batches depend on. Hashed. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Work before the first step (encoding the data set); runs through `context.runtime`, so it is billed. Cached with the stage. */
  prepare?(context: StageContext): Promise<Tensors>;
  /** What `prepare` takes for that many training images, so that a budget can count it: images seen, each mirrored one apart, MACs and FLOPs. */
  preparationCost?(trainingImages: number): PreparationCost;
  /** States that do not start from their initialisers, by state name. */
  start(context: StageContext): Tensors;
  /**
   * The inputs of step `step` (from 0): a pure function of (context, step), so that any step can be made again after
   * a kill, and by any thread: the model's module is loaded anew in each. `prepared` is what `prepare` returned. Arrays
   * are the caller's own, new ones for every step.
   */
  batches(context: BatchContext, prepared: Tensors): (step: number) => Promise<Tensors>;
  /** What the stage hands on, from its final (or a checkpoint's) state: names → tensors. */
  result(state: Tensors): Tensors;
}

/** What a stage's batches are made from. */
export interface BatchContext {
  readonly task: Task;
  readonly steps: number;
  readonly batchSize: number;
  readonly train: ImageSource;
  /** Keyed by (seed, stage); draw with further keys: `random.stream("noise", step)`. */
  readonly random: Stream;
}

export interface StageContext extends BatchContext {
  /** Results of the stages named in `after`. */
  readonly previous: StageWeights;
  readonly runtime: Runtime;
}
