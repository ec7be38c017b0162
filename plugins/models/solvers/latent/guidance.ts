/** Classifier-free guidance of a latent model, as a config says it. */
import { z } from "zod";
import { EMPTY_INTERVAL } from "../below.ts";

export const guidanceSchema = z
  .strictObject({
    scale: z.number().min(0).max(100),
    channels: z.int().min(1).max(4).optional(),
    /** It acts where low < σ ≤ high, σ the noise beside latents of weight 1; 0: down to clean latents. */
    low: z.number().min(0).default(0),
    /** null: from pure noise on. */
    high: z.number().positive().nullable().default(null),
  })
  .refine(({ low, high }) => high === null || low < high, EMPTY_INTERVAL);
