/** The named sizes: three for small images on a CPU, and those DiT was published in, on the SD-VAE. */
import { UserError } from "../../../harness/errors.ts";
import type { Task } from "../../../harness/plugin.ts";
import { type AutoencoderConfig, downsamplingOf } from "./autoencoder.ts";
import type { DitConfig } from "./dit.ts";
import type { LearningRate } from "./training.ts";

export interface StageSize {
  readonly batchSize: number;
  readonly learningRate: LearningRate;
  /** Of the averages, in every step; without it, `averageDecayAt`. */
  readonly averageDecay?: number;
}

export interface Size {
  readonly autoencoder: AutoencoderConfig;
  readonly dit: Pick<DitConfig, "patch" | "width" | "depth" | "heads">;
  readonly vaeStage: StageSize;
  readonly ditStage: StageSize;
  /** The autoencoder's part of the training FLOPs. */
  readonly vaeShare: number;
  readonly latentScale: number | "measured";
  /** Channels guided while sampling. */
  readonly guidedChannels: number;
}

/** stabilityai/sd-vae-ft-*: 83,653,863 parameters. */
export const SD_VAE: AutoencoderConfig = {
  channels: [128, 256, 512, 512],
  blocks: 2,
  groups: 32,
  latentChannels: 4,
};

const cosine = (peak: number): LearningRate => ({ peak, schedule: "cosine" });
const constantRate = (peak: number): LearningRate => ({ peak, schedule: "constant" });

/** Trained as published: kl-f8's base rate 4.5e-6 times a batch of 12, DiT's 1e-4 at 256 with averages of 0.9999. */
const published = (width: number, depth: number, heads: number, patch: number): Size => ({
  autoencoder: SD_VAE,
  dit: { patch, width, depth, heads },
  vaeStage: { batchSize: 12, learningRate: constantRate(12 * 4.5e-6) },
  ditStage: { batchSize: 256, learningRate: constantRate(1e-4), averageDecay: 0.9999 },
  vaeShare: 0.5,
  latentScale: 0.18215,
  guidedChannels: 3,
});

const small = { vaeShare: 0.3, latentScale: "measured", guidedChannels: 4 } as const;

export const SIZES = {
  tiny: {
    ...small,
    // Convolutions this narrow take five times a DiT's seconds for a FLOP: few of them, in small batches, many steps.
    vaeShare: 0.12,
    autoencoder: { channels: [16, 32, 32], blocks: 1, groups: 8, latentChannels: 4 },
    dit: { patch: 2, width: 192, depth: 4, heads: 3 },
    vaeStage: { batchSize: 4, learningRate: cosine(1e-3) },
    ditStage: { batchSize: 32, learningRate: cosine(1e-3) },
  },
  small: {
    ...small,
    autoencoder: { channels: [32, 64, 128], blocks: 2, groups: 16, latentChannels: 4 },
    dit: { patch: 2, width: 384, depth: 12, heads: 6 },
    vaeStage: { batchSize: 16, learningRate: cosine(1e-3) },
    ditStage: { batchSize: 64, learningRate: cosine(5e-4) },
  },
  base: {
    ...small,
    autoencoder: { channels: [64, 128, 256, 256], blocks: 2, groups: 32, latentChannels: 4 },
    dit: { patch: 2, width: 768, depth: 12, heads: 12 },
    vaeStage: { batchSize: 16, learningRate: cosine(5e-4) },
    ditStage: { batchSize: 64, learningRate: cosine(2e-4) },
  },
  "DiT-S/2": published(384, 12, 6, 2),
  "DiT-S/4": published(384, 12, 6, 4),
  "DiT-S/8": published(384, 12, 6, 8),
  "DiT-B/2": published(768, 12, 12, 2),
  "DiT-B/4": published(768, 12, 12, 4),
  "DiT-B/8": published(768, 12, 12, 8),
  "DiT-L/2": published(1024, 24, 16, 2),
  "DiT-L/4": published(1024, 24, 16, 4),
  "DiT-L/8": published(1024, 24, 16, 8),
  "DiT-XL/2": published(1152, 28, 16, 2),
  "DiT-XL/4": published(1152, 28, 16, 4),
  "DiT-XL/8": published(1152, 28, 16, 8),
} satisfies Readonly<Record<string, Size>>;

export type SizeName = keyof typeof SIZES;
export const SIZE_NAMES = Object.keys(SIZES) as [SizeName, ...SizeName[]];
export const isPublished = (name: SizeName): boolean => name.startsWith("DiT-");

/**
 * The DiT of a size for a task.
 * @throws UserError where the resolution is no multiple of the autoencoder's downsampling times the patch
 */
export function ditFor(name: SizeName, { resolution, classes }: Task): DitConfig {
  const { autoencoder, dit }: Size = SIZES[name];
  const downsampling = downsamplingOf(autoencoder);
  const unit = downsampling * dit.patch;
  if (resolution % unit !== 0)
    throw new UserError(
      `resolution ${resolution} does not fit latent size "${name}": its autoencoder divides sides by ${downsampling} and its patches by ${dit.patch}`,
      `use a resolution that is a multiple of ${unit}`,
    );
  return {
    ...dit,
    side: resolution / downsampling,
    latentChannels: autoencoder.latentChannels,
    classes,
    outputChannels: 2 * autoencoder.latentChannels,
  };
}
