/** What the configs of the paper's models share. */
import { announced, heunReleased } from "epg-bench";

/** All of ImageNet's training images, to train on and to be scored against. `--dry-run` needs none of them. */
export const imageNet = (resolution: number) => ({
  dataset: announced({ title: "ImageNet-1K", resolution, classes: 1000, train: 1_281_167 }),
  samples: 50_000,
  scoreAgainst: "train" as const,
});

/** As released: 600,000 steps of pre-training, images clamped to [−1, 1] in sampling. */
export const released = {
  pretraining: { steps: 600_000, temperature: "constant" },
  clamp: "released",
} as const;

/** 32 levels, guided in (.19, 1.61]. */
export const guided = (scale: number) => ({ sampler: heunReleased(32), guidance: { scale } });
