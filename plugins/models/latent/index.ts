/** Latent diffusion, the baseline: an AutoencoderKL, then a DiT on its latents. */
import { UserError } from "../../../harness/errors.ts";
import type { Model, Task } from "../../../harness/plugin.ts";
import { defaultSampler } from "../solvers/latent/choice.ts";
import { titleOf } from "../solvers/latent/objective.ts";
import { resampled } from "../solvers/latent/resampled.ts";
import { downsamplingOf } from "./autoencoder.ts";
import { packed } from "./checkpoint.ts";
import { deviations } from "./deviations.ts";
import { ditStage } from "./dit-stage.ts";
import { ditOf } from "./dit-states.ts";
import { exported } from "./exported.ts";
import { type LatentOptions, latentScaleOf, schema, stageSettings } from "./options.ts";
import { PERCEPTUAL_NETS } from "./perceptual-nets.ts";
import { pretrained } from "./pretrained.ts";
import { recognise } from "./recognise.ts";
import { openReconstructor } from "./reconstructor.ts";
import { openSampler, type SamplerSettings } from "./sampler.ts";
import { ditFor, SIZES, type Size } from "./sizes.ts";
import { vaeStage } from "./vae-stage.ts";

function samplerSettings(options: LatentOptions, task: Task): SamplerSettings {
  const size: Size = SIZES[options.size];
  const scale = options.guidance?.scale ?? (task.classes > 0 ? 1.5 : 1);
  if (task.classes === 0 && scale !== 1)
    throw new UserError(
      `guidance.scale is ${scale}, but the model is unconditional: there is no label to guide by`,
      "use guidance scale 1, or data with classes",
    );
  const unit = 4 * downsamplingOf(size.autoencoder);
  if (options.decoderTile !== null && options.decoderTile % unit !== 0)
    throw new UserError(
      `decoderTile is ${options.decoderTile}: tiles overlap by a quarter, which must be whole latents`,
      `use a multiple of ${unit}, or null`,
    );
  return {
    autoencoder: size.autoencoder,
    dit: ditFor(options.size, task),
    tile: options.decoderTile,
    objective: options.objective,
    sampler: options.sampler ?? defaultSampler(options.objective),
    guidance: {
      scale,
      channels: options.guidance?.channels ?? size.guidedChannels,
      low: options.guidance?.low ?? 0,
      high: options.guidance?.high ?? null,
    },
  };
}

function requireVisible({ lpips }: LatentOptions, { resolution }: Task): void {
  if (lpips === null) return;
  const { title, smallest } = PERCEPTUAL_NETS[lpips.net];
  if (resolution < smallest)
    throw new UserError(
      `lpips.net is "${lpips.net}": ${title} leaves nothing of images of ${resolution} px`,
      `use a resolution of at least ${smallest}, another net, or lpips: null`,
    );
}

/** Images decoded at once where memory is what is short. */
const TILED_BATCH = 4;

const model: Model<LatentOptions> = {
  name: "latent",
  schema,
  stages(options, task) {
    requireVisible(options, task);
    if (options.weights !== null || options.dit.weights !== null) return [];
    const size: Size = SIZES[options.size];
    const trainsAutoencoder = options.vae.weights === null;
    const vaeShare = trainsAutoencoder ? (options.vaeShare ?? size.vaeShare) : 0;
    const common = {
      autoencoder: size.autoencoder,
      resolution: task.resolution,
      flip: options.flip ?? true,
      recompute: options.recompute ?? false,
    };
    const dit = ditStage({
      ...common,
      ...stageSettings(options, "dit"),
      share: 1 - vaeShare,
      dit: ditFor(options.size, task),
      objective: options.objective,
      latents: options.latents ?? "cached",
      latentScale: latentScaleOf(options),
    });
    if (!trainsAutoencoder) return [dit];
    const { adversarial, perceptual: weight } = options.vae;
    const perceptual = weight === null ? null : { net: PERCEPTUAL_NETS[options.lpips!.net], weight };
    const vae = { ...common, ...stageSettings(options, "vae"), share: vaeShare, adversarial, perceptual };
    return [vaeStage(vae), dit];
  },
  sampler(options, task, weights, runtime, batchSize) {
    const settings = samplerSettings(options, task);
    const dit = ditOf(settings.dit, weights[titleOf(options.objective)]!);
    return openSampler({ ...settings, dit }, weights, runtime, batchSize);
  },
  samplingBatchSize: ({ decoderTile }) => (decoderTile === null ? 64 : TILED_BATCH),
  recognise,
  exported: ({ size, objective }, task, batchSize, weights) => {
    const own = weights[titleOf(objective)]!;
    const dit = ditOf(ditFor(size, task), own);
    const scale = own.latent_scale?.data[0] ?? null;
    return exported(SIZES[size].autoencoder, dit, objective, scale, batchSize);
  },
  resampled,
  stateDict: packed,
  pretrained,
  reconstructor: (options, task, weights, runtime) =>
    openReconstructor(
      SIZES[options.size].autoencoder,
      task.resolution,
      weights,
      runtime,
      options.decoderTile === null ? 32 : TILED_BATCH,
      options.decoderTile,
      options.lpips?.net ?? null,
    ),
  deviations: (options, task) => deviations(options, task, samplerSettings(options, task)),
};

export default model;
