/** Whether two sets can give a score, and what is missing where they cannot. */
import type { Role, Settings } from "./compared.ts";
import type { Scorer } from "./conventions/convention.ts";

/** What the sets have: a score is possible where these suffice. */
export interface Available {
  readonly samples: readonly Role[];
  /** Layers the reference has features of, image by image. */
  readonly referenceImages: readonly Role[];
  /** Layers the reference has a distribution of, from images or from statistics. */
  readonly referenceDistributions: readonly Role[];
  readonly sampleCount: number;
  readonly referenceCount: number;
  readonly labels: boolean;
}

export interface Missing {
  readonly problem: string;
  readonly fix: string;
  /** Nobody would expect the score from this extractor. */
  readonly expected?: boolean;
}

/** @returns null where the score is possible */
export function whyNot(scorer: Scorer, available: Available, settings: Settings): Missing | null {
  const { samples, referenceImages, referenceDistributions, sampleCount, referenceCount } = available;
  const missing = scorer.layers.find((role) => !samples.includes(role));
  if (missing !== undefined)
    return {
      problem: `the samples have no layer ${LAYER_WORDS[missing]}`,
      fix:
        missing === "spatial"
          ? "it is a layer of Inception: score images by --features inception, or extract that layer too"
          : "score images, or extract that layer too",
      expected: true,
    };
  if (scorer.needsLabels && !available.labels)
    return { problem: "the samples have no labels", fix: "put them into folders by class, or give arr_1" };
  if (scorer.reference !== "nothing") {
    const has = scorer.reference === "images" ? referenceImages : referenceDistributions;
    if (scorer.layers.some((role) => !has.includes(role)))
      return {
        problem:
          scorer.reference === "images"
            ? "the reference holds statistics alone, and this needs its images or their features"
            : `the reference has no layer ${LAYER_WORDS[scorer.layers[0]!]}`,
        fix: "name a reference that has them",
        expected: scorer.reference === "distribution",
      };
  }
  const fewest = scorer.fewest?.(settings) ?? 0;
  const counts = scorer.reference === "images" ? [sampleCount, referenceCount] : [sampleCount];
  const least = Math.min(...counts);
  if (least < fewest)
    return {
      problem: `it needs at least ${fewest} images of either set, and there are ${least}`,
      fix: scorer.families.includes("kid")
        ? `--kid-subset-size ${least}, or more images`
        : "give more images, or fewer --neighbours",
    };
  return null;
}

const LAYER_WORDS: Readonly<Record<Role, string>> = {
  features: "of features",
  logits: "logits_unbiased",
  spatial: "spatial",
};
