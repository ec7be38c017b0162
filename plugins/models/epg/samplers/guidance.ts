/**
 * Guidance: away from what a worse answer says, worse + scale·(answer − worse), where low < σ ≤ high, unshifted
 * (Kynkäänniemi et al., arXiv:2404.07724).
 */
import { z } from "zod";
import { EMPTY_INTERVAL } from "../../solvers/below.ts";
import { refuseTraining, weightsFile } from "../../weights-option.ts";
import { sizeNames } from "../sizes.ts";

const scale = z.number().min(0).max(100);

/** Classifier-free guidance (Ho & Salimans, arXiv:2207.12598): the worse answer is the network's without a label. */
const classifierFree = z
  .strictObject({
    kind: z.literal("classifierFree").default("classifierFree"),
    scale,
    low: z.number().min(0).default(0.19),
    high: z.number().positive().default(1.61),
  })
  .refine(({ low, high }) => low < high, EMPTY_INTERVAL);

/**
 * Autoguidance (Karras et al., arXiv:2406.02507): the worse answer is a poor network's, trained for it in a stage of
 * its own, or of a file. `scale` is the paper's w; EPG's released code computes answer + s·(answer − worse), so that
 * s = w − 1: "autoguidanceReleased" takes that s.
 */
const autoguidance = <Kind extends string>(kind: Kind, paperScale: (scale: number) => number) =>
  z
    .strictObject({
      kind: z.literal(kind),
      scale,
      low: z.number().min(0).default(0),
      /** null: at every level above `low`. */
      high: z.number().positive().nullable().default(null),
      /** Size of the poor network; null: the model's own, and then it starts from the same pre-trained encoder. */
      size: z.enum(sizeNames).nullable().default(null),
      /** Its checkpoint; null: it is trained with the entry. */
      weights: weightsFile(["ema", "online", "target"]).nullable().default(null),
      /** Its part of the entry's training FLOPs, .06 where nothing is said. */
      share: z.number().min(0.001).max(0.9).optional(),
      /** Its training steps; null: derived from the budget. */
      steps: z.int().min(1).max(100_000_000).nullable().default(null),
    })
    .refine(({ low, high }) => high === null || low < high, EMPTY_INTERVAL)
    .superRefine((settings, context) => {
      if (settings.weights !== null) refuseTraining(settings, ["share", "steps"], context);
    })
    .transform(({ scale, share, ...settings }) => ({
      ...settings,
      kind: "autoguidance" as const,
      scale: paperScale(scale),
      share: share ?? (settings.weights === null ? 0.06 : 0),
    }));

export const guidanceSchema = z.union(
  [
    classifierFree,
    autoguidance("autoguidance", (w) => w),
    autoguidance("autoguidanceReleased", (s) => s + 1),
  ],
  { error: "expected { scale, low, high }, or autoguidance({ scale, … })" },
);
