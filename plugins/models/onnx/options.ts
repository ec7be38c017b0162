import { z } from "zod";
import { declaredCosts } from "../declared.ts";
import { EMPTY_INTERVAL } from "../solvers/below.ts";
import { samplerSchema } from "../solvers/choice.ts";
import { samplerSchema as latentSamplerSchema } from "../solvers/latent/choice.ts";
import { guidanceSchema as latentGuidanceSchema } from "../solvers/latent/guidance.ts";

const name = z.string().min(1).optional();
const { macs, trainFlops } = declaredCosts;

const fields = z.strictObject({
  /** A generator (noise, labels → images), a denoiser (x, sigma, time, labels → clean images) or, with `latent`, a latent model's; relative to the config. */
  file: z.string().min(1),
  /** The graph's names, where they are others. */
  inputs: z.strictObject({ noise: name, x: name, sigma: name, time: name, labels: name }).prefault({}),
  /** What black and white are in its images; null: as its metadata tells. */
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, "expected what black is, then what white is: [-1, 1]")
    .nullable()
    .default(null),
  /** The label that is no class; null: as its metadata tells, or none. */
  noClass: z.int().min(0).nullable().default(null),
  /** Of a denoiser: null: heun(16). */
  sampler: samplerSchema.nullable().default(null),
  /** Of a denoiser with a label for no class: worse + scale·(answer − worse) where low < σ ≤ high. */
  guidance: z
    .strictObject({
      scale: z.number().min(0).max(100),
      low: z.number().min(0).default(0),
      high: z.number().positive().nullable().default(null),
    })
    .refine(({ low, high }) => high === null || low < high, EMPTY_INTERVAL)
    .nullable()
    .default(null),
  /** Of a latent model's denoiser (x, t, labels → out): its decoder's file, and the latent models' own samplers and guidance. */
  latent: z
    .strictObject({
      decoder: z.string().min(1),
      sampler: latentSamplerSchema.optional(),
      guidance: latentGuidanceSchema.optional(),
    })
    .nullable()
    .default(null),
  /** Images a call, where the file leaves it open. */
  batchSize: z.int().min(1).max(4096).default(16),
  threads: z.int().min(1).max(256).default(2),
  macs,
  trainFlops,
});

export const schema = fields.superRefine((options, context) => {
  if (options.latent === null) return;
  const named = Object.values(options.inputs).some((one) => one !== undefined);
  const surplus = (["range", "noClass", "sampler", "guidance"] as const).filter(
    (one) => options[one] !== null,
  );
  for (const path of [...surplus, ...(named ? ["inputs"] : [])])
    context.addIssue({
      code: "custom",
      path: [path],
      input: options,
      message: "beside `latent` it is not read: leave it out (`latent` has its own sampler and guidance)",
    });
});

export type OnnxOptions = z.infer<typeof schema>;
export type OnnxInput = z.input<typeof schema>;
