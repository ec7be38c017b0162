/** What a configuration does otherwise than its papers, one sentence each, for the report. */
import type { Task } from "../../../harness/plugin.ts";
import { type LatentOptions, latentScaleOf, type StageName, stageSettings } from "./options.ts";
import type { SamplerSettings } from "./sampler.ts";
import { isPublished } from "./sizes.ts";

/** Of weights made elsewhere it is not known how they were trained. */
export const deviations = (
  options: LatentOptions,
  task: Task,
  { guidance }: Pick<SamplerSettings, "guidance">,
): readonly string[] => [
  ...(options.weights === null ? training(options) : smallness(options)),
  ...sampling(options, task, guidance),
];

const NAMES = { vae: "VAE", dit: "DiT" } as const;

function training(options: LatentOptions): readonly string[] {
  const trained = options.vae.weights === null ? (["vae", "dit"] as const) : (["dit"] as const);
  return [
    ...(options.vae.weights === null ? autoencoder(options) : []),
    "Averages decay by min(0.9999, (1+s)/(10+s)), with a half-life of at most 5 % of the steps.",
    ...(isPublished(options.size)
      ? overridden(options, trained)
      : smallness(
          options,
          `; trained with ${trained.map((stage) => trainedWith(options, stage)).join(", ")}, with warm-up and cosine decay`,
        )),
    ...scaling(options),
  ];
}

const autoencoder = ({ vae, lpips }: LatentOptions): readonly string[] => {
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
    "The autoencoder's weights are averaged as the DiT's are; latent diffusion's kl-f8 keeps the last.",
  ];
};

/** @param more what else is to be said of it */
const smallness = ({ size }: LatentOptions, more = ""): readonly string[] =>
  isPublished(size) ? [] : [`Size "${size}" is smaller than any published${more}.`];

/** "batch 4 and learning rate 0.001 for the VAE" */
function trainedWith(options: Pick<LatentOptions, "size" | StageName>, stage: StageName): string {
  const { batchSize, learningRate } = stageSettings(options, stage);
  return `batch ${batchSize} and learning rate ${learningRate.peak} for the ${NAMES[stage]}`;
}

/** What a published size trains with otherwise than was published. */
const overridden = (options: LatentOptions, stages: readonly StageName[]): readonly string[] =>
  stages
    .filter((stage) => options[stage].batchSize !== undefined || options[stage].learningRate !== undefined)
    .map((stage) => {
      const { batchSize: _, learningRate: __, ...own } = options[stage];
      const published = { ...options, [stage]: own };
      return `Trained with ${trainedWith(options, stage)}; published: ${trainedWith(published, stage)}.`;
    });

function scaling(options: LatentOptions): readonly string[] {
  const scale = latentScaleOf(options);
  if (scale === 0.18215) return [];
  return [
    scale === "measured"
      ? "Latents are scaled by their measured 1/σ, not by 0.18215."
      : `Latents are scaled by ${scale}, not by 0.18215.`,
  ];
}

const sampling = (
  { decoderTile }: LatentOptions,
  { resolution }: Task,
  guidance: SamplerSettings["guidance"],
): readonly string[] => [
  ...(decoderTile !== null && decoderTile < resolution
    ? [
        `Images are decoded in tiles of ${decoderTile} px that overlap by a quarter: tones may differ between tiles.`,
      ]
    : []),
  ...(guidance.scale !== 1 && guidance.channels !== 3
    ? [`Guidance acts on ${guidance.channels} of the latent's channels; the released DiT guides 3.`]
    : []),
];
