/** The yardsticks every run scores beside its entries: no order among them is assumed. */
import type { ImageSet } from "./jobs.ts";

export interface ReferencePoint {
  readonly name: string;
  readonly description: string;
  readonly images: (n: number) => ImageSet;
}

export const REFERENCE_POINTS: readonly ReferencePoint[] = [
  {
    name: "real images, held out",
    description: "real images that neither training nor the reference saw",
    images: (n) => ({ kind: "held-out", n }),
  },
  {
    name: "copies of training images",
    description: "a perfect memoriser: training images as they are",
    images: (n) => ({ kind: "train-copies", n }),
  },
  {
    name: "real images, blurred ×4",
    description: "held-out images reduced to a quarter of their side and enlarged again",
    images: (n) => ({ kind: "blurred", n }),
  },
  {
    name: "constant mean image",
    description: "the mean training image, again and again",
    images: (n) => ({ kind: "constant-mean", n }),
  },
];

export const UNTRAINED = {
  name: "untrained network",
  description: "the first entry's networks as they were before the first step",
};
