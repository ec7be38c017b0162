import { z } from "zod";

/** Parts of a collection of images; they add to 1. */
export const splitSchema = z
  .strictObject({ train: share(), reference: share(), heldOut: share() })
  .refine(({ train, reference, heldOut }) => Math.abs(train + reference + heldOut - 1) < 1e-9, {
    message: "train, reference and heldOut must add to 1",
  })
  .default({ train: 0.6, reference: 0.2, heldOut: 0.2 });

export type Split = z.infer<typeof splitSchema>;
export type Part = keyof Split;

function share() {
  return z.number().gt(0).lt(1);
}

/**
 * The part an image belongs to, from the first 48 bits of its sha256 as a number in [0, 1): a threshold,
 * not a rank, so that equal images share a part and an image keeps its part when others come or go.
 */
export function partOf(sha256: string, split: Split): Part {
  const place = Number.parseInt(sha256.slice(0, 12), 16) / 2 ** 48;
  if (place < split.train) return "train";
  return place < split.train + split.reference ? "reference" : "heldOut";
}
