/** What trained weights do. */
import type { Tensors } from "../program/index.ts";
import type { Stream } from "../random/index.ts";
import type { Runtime } from "./backend.ts";
import type { Told } from "./elsewhere.ts";

export interface Sampler {
  /** Images a call makes, exactly. */
  readonly batchSize: number;
  /**
   * Makes `batchSize` images, uint8 NHWC. Image k depends on `streams[k]` and `labels[k]` alone
   * (label −1: unconditional). Guidance passes are network calls like any other.
   */
  sample(streams: readonly Stream[], labels: readonly number[]): Promise<Uint8Array>;
  /** How it samples, for the report and for identity: solver, steps, guidance, clamp. */
  readonly description: Readonly<Record<string, string | number | boolean>>;
  /** How often it calls the network hangs on what the network says: only sampling tells. */
  readonly adaptive?: true;
  /** Network calls an image made so far, where they do not go through the runtime; null: not known. */
  calls?(): Told | null;
  dispose(): Promise<void>;
}

export interface Reconstructor {
  readonly batchSize: number;
  /** uint8 NHWC in, the same shape out. */
  reconstruct(images: Uint8Array): Promise<Uint8Array>;
  /** Where a network judges what became of images: "lpips-vgg", for the report, and how far each image is from what it became. */
  readonly judge?: {
    readonly metric: string;
    readonly convention: string;
    distances(images: Uint8Array, made: Uint8Array): Promise<Float32Array>;
  };
  dispose(): Promise<void>;
}

/** An encoder trained without labels, and how images reach it. */
export interface EncoderProbe {
  /** The stage that hands on its weights. */
  readonly stage: string;
  /** For the report: which weights, at which noise level, and what of the network the features are. */
  readonly convention: string;
  readonly batchSize: number;
  /** Numbers an image. */
  readonly dims: number;
  /** @param weights what the stage handed on */
  open(weights: Tensors, runtime: Runtime): Promise<Encoder>;
}

export interface Encoder {
  /** `batchSize` images, uint8 NHWC, to features [batchSize, dims]; each depends on its image alone. */
  encode(images: Uint8Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}
