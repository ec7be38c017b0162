/** What a user may say about a latent model. */
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import { misfit, samplerSchema } from "../solvers/latent/choice.ts";
import { guidanceSchema } from "../solvers/latent/guidance.ts";
import { OBJECTIVES } from "../solvers/latent/objective.ts";
import { refuseTraining, weightsFile } from "../weights-option.ts";
import { LATENTS } from "./latent-source.ts";
import { SIZE_NAMES, SIZES, type Size, type StageSize } from "./sizes.ts";

/** A stage's own settings; what is not given is the size's. */
const stageSchema = z.strictObject({
  batchSize: z.int().min(1).optional(),
  learningRate: z.number().positive().optional(),
  /** null: as many as the budget pays for. */
  steps: z.int().min(1).nullable().default(null),
});

const vae = stageSchema
  .extend({
    /** A discriminator beside L1 and KL, as in latent diffusion's kl-f8; null: none. */
    adversarial: z
      .strictObject({
        weight: z.number().positive().max(100).default(0.5),
        /** The first step in which it counts; null: 50,001 as published, or after a fifth of the steps where that is earlier. */
        start: z.int().min(0).nullable().default(null),
      })
      .nullable()
      .default(null),
    /** Weight of LPIPS in each pixel and channel of the loss, 1 as in kl-f8, by the weights that `lpips` names; null: none. */
    perceptual: z.number().positive().max(100).nullable().default(null),
    /** A file of an autoencoder of the size's, as published or ours, in place of training one. */
    weights: weightsFile(["ema", "online", "target"]).nullable().default(null),
  })
  .superRefine((settings, context) => {
    if (settings.weights !== null)
      refuseTraining(settings, ["batchSize", "learningRate", "steps", "adversarial", "perceptual"], context);
  });

const dit = stageSchema
  .extend({
    /** A file of a DiT of the size's, as released, from its training script, or ours, in place of training one. */
    weights: weightsFile(["ema", "online"]).nullable().default(null),
  })
  .superRefine((settings, context) => {
    if (settings.weights !== null)
      refuseTraining(settings, ["batchSize", "learningRate", "steps"], context, { file: "dit.weights" });
  });

/** Its weights, which do not come with this package. */
const lpips = z
  .strictObject({
    /** The classifier it looks through. */
    net: z.enum(["vgg", "alex", "squeeze"]).default("vgg"),
    /** torchvision's classifier of that name; or a state dict of `lpips.LPIPS`, which has the linear layers too. */
    trunk: z.string().min(1),
    /** Without it, they are in the trunk's file. */
    linear: z.string().min(1).optional(),
  })
  .transform(({ linear, ...rest }) => ({ ...rest, linear: linear ?? rest.trunk }));

export const schema = z
  .strictObject({
    size: z.enum(SIZE_NAMES).default("tiny"),
    /** "diffusion": a DiT; "flow": a SiT, the same network. */
    objective: z.enum(OBJECTIVES).default("diffusion"),
    /** Without it, 50 calls: ddim(50), or odeEuler(50) of a flow. */
    sampler: samplerSchema.optional(),
    /** Classifier-free guidance; scale 1 is none. Without it: 1.5 where there are classes. */
    guidance: guidanceSchema.optional(),
    /** What latents are multiplied by: a number, or 1/σ of the training set's. Without it, the size's. */
    latentScale: z.union([z.literal("measured"), z.number().positive()]).optional(),
    /** Posteriors that the DiT trains on: of the data set encoded once, or of every step's images, encoded anew. "cached" where nothing is said. */
    latents: z.enum(LATENTS).optional(),
    /** Mirrors half of the training images; it does where nothing is said. */
    flip: z.boolean().optional(),
    /** The autoencoder's part of the training FLOPs. */
    vaeShare: z.number().min(0.01).max(0.99).optional(),
    /**
     * Images of a batch that pass forward and back at once, gradients added over the parts of a batch; null: all of them. A stage
     * of smaller batches has them whole.
     */
    microBatch: z.int().min(1).max(65_536).nullable().default(null),
    /**
     * Computes blocks anew in the backward pass in place of keeping what they compute: less memory, one more forward pass of
     * them, the same results.
     */
    recompute: z.boolean().optional(),
    /** Decodes in overlapping tiles of that many pixels, for large images in little memory; null: all at once. */
    decoderTile: z.int().min(1).nullable().default(null),
    vae: vae.prefault({}),
    /** LPIPS of reconstructions, and of the loss where `vae.perceptual` is given; null: it is not known. */
    lpips: lpips.nullable().default(null),
    dit: dit.prefault({}),
    /** What `export safetensors` wrote of such an entry, relative to the config: sampled from in place of training. */
    weights: z.string().min(1).nullable().default(null),
  })
  .superRefine(({ objective, sampler }, context) => {
    const message = sampler && misfit(sampler, objective);
    if (message) context.addIssue({ code: "custom", path: ["sampler"], message });
  })
  .superRefine((options, context) => {
    if (options.weights !== null) {
      refuseTraining(
        options,
        ["latentScale", "latents", "flip", "vaeShare", "microBatch", "recompute"],
        context,
      );
      for (const stage of ["vae", "dit"] as const)
        refuseTraining(options[stage], Object.keys(options[stage]), context, { under: stage });
    } else if (options.vae.weights !== null)
      refuseTraining(options, ["vaeShare"], context, { file: "vae.weights" });
    if (options.weights === null && options.dit.weights !== null)
      refuseBesideDit(
        {
          ...options,
          latents: options.latents,
          flip: options.flip,
          latentScale: options.latentScale,
          recompute: options.recompute,
        },
        context,
      );
    if (options.vae.perceptual !== null && options.lpips === null)
      context.addIssue({
        code: "custom",
        path: ["vae", "perceptual"],
        input: options.vae.perceptual,
        message:
          "LPIPS needs the weights of a classifier, which do not come with this package: name them in `lpips`",
      });
  });

/** A DiT denoises the latents of one autoencoder, and nothing of either is trained here. */
function refuseBesideDit(
  options: Readonly<
    Record<"vae" | "latents" | "flip" | "latentScale" | "microBatch" | "recompute", unknown>
  > & {
    readonly vae: { readonly weights: unknown };
  },
  context: z.core.$RefinementCtx,
): void {
  refuseTraining(options, ["flip", "latents", "microBatch", "recompute"], context, { file: "dit.weights" });
  if (options.vae.weights === null)
    context.addIssue({
      code: "custom",
      path: ["vae", "weights"],
      input: null,
      message:
        "a DiT knows the latents of the autoencoder it was trained on alone, and beside `dit.weights` one would be trained anew: give its file, or train both",
    });
  if (options.latentScale === "measured")
    context.addIssue({
      code: "custom",
      path: ["latentScale"],
      input: options.latentScale,
      message: "nothing is measured where `dit.weights` is a file: give the number it was trained with",
    });
}

export type LatentOptions = z.infer<typeof schema>;
/** What a config may say; the rest takes its default. */
export type LatentInput = z.input<typeof schema>;

const STAGES = { vae: "vaeStage", dit: "ditStage" } as const;
export type StageName = keyof typeof STAGES;

/** The size's settings of a stage with what the options say otherwise. */
export function stageSettings(
  options: Pick<LatentOptions, "size" | "microBatch" | StageName>,
  stage: StageName,
) {
  const { batchSize, learningRate, averageDecay }: StageSize = SIZES[options.size][STAGES[stage]];
  const own = options[stage];
  const whole = own.batchSize ?? batchSize;
  const microBatch = Math.min(options.microBatch ?? whole, whole);
  if (whole % microBatch !== 0)
    throw new UserError(
      `microBatch is ${microBatch}, the batch of the ${stage} ${whole} images: its parts must be equal`,
      `give a microBatch that divides the batch, or another ${stage}.batchSize`,
    );
  return {
    batchSize: whole,
    microBatch,
    learningRate: { ...learningRate, peak: own.learningRate ?? learningRate.peak },
    averageDecay: averageDecay ?? null,
    steps: own.steps,
  };
}

/** What the DiT's latents are multiplied by in training. */
export const latentScaleOf = ({ size, latentScale }: LatentOptions): Size["latentScale"] =>
  latentScale ?? SIZES[size].latentScale;
