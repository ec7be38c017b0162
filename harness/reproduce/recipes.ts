/**
 * The published results of EPG (arXiv 2510.12586; AMAP-ML/EPG README.md, Table 2), each with the settings of the
 * released script that made it.
 */
import type { RecipeInput } from "./recipe.ts";

const released = (file: string) => ({
  url: `https://huggingface.co/jiachenlei/EPG/resolve/main/${file}`,
  // Nobody has published one.
  sha256: null,
  file,
});

const imageNet = (resolution: number) => ({
  title: "ImageNet-1K",
  resolution,
  classes: 1000,
  train: 1_281_167,
});

/** Acts where .19 < σ ≤ 1.61, in units of 64 pixels. */
const guidance = (scale: number) => ({ scale, low: 0.19, high: 1.61 });

const COMMON = { seed: 0, samples: 50_000, features: "inception", convention: "adm" } as const;

const LOOP =
  "the released loop ends at σ_min: 2·31 calls and 12 of guidance are 74, where the paper, counting EDM's last step, has 75";
const LABELS =
  "the released script draws labels by the classes' frequencies in the training set; they are drawn uniformly here";

export const RECIPES: Readonly<Record<string, RecipeInput>> = {
  "epg-xl-256": {
    ...COMMON,
    title: "EPG-XL/16 on ImageNet 256×256, Heun with 32 levels, guidance 2.5 in (.19, 1.61]",
    source: "AMAP-ML/EPG scripts/sample_dm_in256.sh, configs/imagenet256_denoise.py",
    notes: [LOOP],
    checkpoint: released("EPG-XL16-imagenet256.pth"),
    data: imageNet(256),
    model: {
      plugin: "epg",
      options: {
        size: "XL/16",
        sampler: { kind: "heunReleased", steps: 32 },
        guidance: guidance(2.5),
        clamp: "released",
      },
    },
    labels: "balanced",
    reference: "imagenet-256",
    expected: { metric: "fid", value: 2.04, decimals: 2, nfe: 74 },
  },
  "epg-l-512": {
    ...COMMON,
    title: "EPG-L/32 on ImageNet 512×512, Heun with 32 levels, guidance 3.2 in (.19, 1.61]",
    source: "AMAP-ML/EPG scripts/sample_dm_in512.sh, configs/imagenet512_denoise.py",
    notes: [LOOP, LABELS],
    checkpoint: released("EPG-L32-imagenet512.pth"),
    data: imageNet(512),
    model: {
      plugin: "epg",
      options: {
        size: "L/32",
        sampler: { kind: "heunReleased", steps: 32 },
        guidance: guidance(3.2),
        clamp: "released",
      },
    },
    labels: "uniform",
    reference: "imagenet-512",
    expected: { metric: "fid", value: 2.35, decimals: 2, nfe: 74 },
  },
  "epg-l-256-onestep": {
    ...COMMON,
    title: "EPG-L/16 on ImageNet 256×256, consistency-tuned, one step",
    source: "AMAP-ML/EPG scripts/sample_cm_in256.sh, configs/imagenet256_consistency.py",
    notes: [LABELS],
    checkpoint: released("EPG-L16-imagenet256-onestep.pth"),
    data: imageNet(256),
    model: {
      plugin: "epg",
      options: { size: "L/16", objective: "consistency", sampler: { kind: "oneStep" }, clamp: "released" },
    },
    labels: "uniform",
    reference: "imagenet-256",
    expected: { metric: "fid", value: 8.82, decimals: 2, nfe: 1 },
  },
};
