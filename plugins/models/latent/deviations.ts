/** What a configuration does otherwise than its papers, one sentence each, for the report. */
import type { Task } from "../../../harness/plugin.ts";
import { titleOf } from "../solvers/latent/objective.ts";
import { type LatentOptions, latentScaleOf, type StageName, stageSettings } from "./options.ts";
import { type SamplingTold, samplingDeviations } from "./sampling-deviations.ts";
import { isPublished } from "./sizes.ts";

/** Of weights made elsewhere it is not known how they were trained. */
export const deviations = (options: LatentOptions, task: Task, settings: SamplingTold): readonly string[] => [
  ...(options.weights === null && options.dit.weights === null ? training(options) : smallness(options)),
  ...decoding(options, task),
  ...samplingDeviations(settings),
];

function training(options: LatentOptions): readonly string[] {
  const trained = options.vae.weights === null ? (["vae", "dit"] as const) : (["dit"] as const);
  return [
    ...(options.vae.weights === null ? autoencoder(options) : []),
    ...averaging(options, trained),
    ...(isPublished(options.size)
      ? overridden(options, trained)
      : smallness(
          options,
          `; trained with ${trained.map((stage) => trainedWith(options, stage)).join(", ")}, with warm-up and cosine decay`,
        )),
    ...encoding(options),
    ...scaling(options),
  ];
}

const encoding = ({ latents, objective }: LatentOptions): readonly string[] =>
  latents === "every step"
    ? []
    : [
        `Images are encoded once and the ${titleOf(objective)} draws from their posteriors; the released training encodes every step's images anew.`,
      ];

/** Averages that are held back while training is young. */
function averaging(options: LatentOptions, trained: readonly StageName[]): readonly string[] {
  const held = trained.filter((stage) => stageSettings(options, stage).averageDecay === null);
  const whose = held.length === trained.length ? "Averages" : "The autoencoder's averages";
  return held.length === 0
    ? []
    : [`${whose} decay by min(0.9999, (1+s)/(10+s)), with a half-life of at most 5 % of the steps.`];
}

const autoencoder = ({ vae, lpips, objective }: LatentOptions): readonly string[] => {
  const parts = [
    "L1",
    "KL",
    ...(vae.perceptual === null ? [] : ["LPIPS"]),
    ...(vae.adversarial === null ? [] : ["an adversarial loss"]),
  ];
  const missing = [
    ...(vae.perceptual === null ? ["LPIPS"] : []),
    ...(vae.adversarial === null ? ["adversarial loss"] : []),
  ];
  return [
    ...(missing.length === 0
      ? []
      : [`The autoencoder is trained by ${parts.join(", ")}: no ${missing.join(", no ")}.`]),
    ...(vae.perceptual !== null && lpips?.net !== "vgg"
      ? [`LPIPS of the loss looks through ${lpips!.net}; latent diffusion's through VGG16.`]
      : []),
    ...(vae.perceptual === null || vae.perceptual === 1
      ? []
      : [`LPIPS has weight ${vae.perceptual}, not 1.`]),
    ...(vae.adversarial === null
      ? []
      : ["Autoencoder and discriminator step at once, from the same reconstructions."]),
    `The autoencoder's weights are averaged as the ${titleOf(objective)}'s are; latent diffusion's kl-f8 keeps the last.`,
  ];
};

/** @param more what else is to be said of it */
const smallness = ({ size }: LatentOptions, more = ""): readonly string[] =>
  isPublished(size) ? [] : [`Size "${size}" is smaller than any published${more}.`];

/** "batch 4 and learning rate 0.001 for the VAE" */
function trainedWith(
  options: Pick<LatentOptions, "size" | "objective" | "microBatch" | StageName>,
  stage: StageName,
): string {
  const { batchSize, learningRate } = stageSettings(options, stage);
  return `batch ${batchSize} and learning rate ${learningRate.peak} for the ${stage === "vae" ? "VAE" : titleOf(options.objective)}`;
}

/** What a published size trains with otherwise than was published. */
const overridden = (options: LatentOptions, stages: readonly StageName[]): readonly string[] =>
  stages
    .filter((stage) => options[stage].batchSize !== undefined || options[stage].learningRate !== undefined)
    .map((stage) => {
      const { batchSize: _, learningRate: __, ...own } = options[stage];
      const published = { ...options, microBatch: null, [stage]: own };
      return `Trained with ${trainedWith(options, stage)}; published: ${trainedWith(published, stage)}.`;
    });

function scaling(options: LatentOptions): readonly string[] {
  const scale = latentScaleOf(options);
  if (scale === 0.18215) return [];
  const measured = options.latents === "every step" ? "1/σ of the first batch's" : "their measured 1/σ";
  return [
    scale === "measured"
      ? `Latents are scaled by ${measured}, not by 0.18215.`
      : `Latents are scaled by ${scale}, not by 0.18215.`,
  ];
}

const decoding = ({ decoderTile }: LatentOptions, { resolution }: Task): readonly string[] => [
  ...(decoderTile !== null && decoderTile < resolution
    ? [
        `Images are decoded in tiles of ${decoderTile} px that overlap by a quarter: tones may differ between tiles.`,
      ]
    : []),
];
