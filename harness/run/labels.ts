/** Which label each sample gets, part of a result's identity; and those that real images have. */
import type { Dataset, ImageSource } from "../plugin.ts";
import { createStream } from "../random/index.ts";
import type { SettledConfig } from "./settle.ts";

/**
 * Labels of samples 0 … n−1; −1 without classes.
 * balanced: k mod classes; frequency: labels of training images drawn at random; uniform: drawn at random.
 */
export function labelsOf(
  { labels, seed, unconditional }: SettledConfig,
  { classes, train }: Dataset,
  n: number,
): Int32Array {
  if (unconditional || classes.length === 0) return new Int32Array(n).fill(-1);
  return Int32Array.from({ length: n }, (_, k) => {
    if (labels === "balanced") return k % classes.length;
    const random = createStream(seed, "labels", k);
    return labels === "uniform" ? random.integer(classes.length) : train.label(random.integer(train.length));
  });
}

/** Labels of the first `n` images of a part. */
export const firstLabels = (source: ImageSource, n = source.length): Int32Array =>
  Int32Array.from({ length: n }, (_, k) => source.label(k));
