/**
 * Guidance: away from what a worse answer says, worse + scale·(answer − worse), where low < σ ≤ high, unshifted
 * (Kynkäänniemi et al., arXiv:2404.07724).
 */
import { z } from "zod";
import { sizeNames } from "../sizes.ts";

const scale = z.number().min(0).max(100);

const nonEmpty = {
  path: ["low"],
  error: "the interval is empty: low must be below high",
};

/** Classifier-free guidance (Ho & Salimans, arXiv:2207.12598): the worse answer is the network's without a label. */
const classifierFree = z
  .strictObject({
    kind: z.literal("classifierFree").default("classifierFree"),
    scale,
    low: z.number().min(0).default(0.19),
    high: z.number().positive().default(1.61),
  })
  .refine(({ low, high }) => low < high, nonEmpty);

/**
 * Autoguidance (Karras et al., arXiv:2406.02507): the worse answer is a poor network's, trained for it in a stage of
 * its own. `scale` is the paper's; EPG's released code takes one less, answer + s·(answer − worse).
 */
const autoguidance = z
  .strictObject({
    kind: z.literal("autoguidance"),
    scale,
    low: z.number().min(0).default(0),
    /** null: at every level above `low`. */
    high: z.number().positive().nullable().default(null),
    /** Size of the poor network; null: the model's own, and then it starts from the same pre-trained encoder. */
    size: z.enum(sizeNames).nullable().default(null),
    /** Its part of the entry's training FLOPs. */
    share: z.number().min(0.001).max(0.9).default(0.06),
    /** Its training steps; null: derived from the budget. */
    steps: z.int().min(1).max(100_000_000).nullable().default(null),
  })
  .refine(({ low, high }) => high === null || low < high, nonEmpty);

export const guidanceSchema = z.union([classifierFree, autoguidance], {
  error: "expected { scale, low, high }, or autoguidance({ scale, … })",
});
