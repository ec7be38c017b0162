/** The images that are scored: samples of an entry, or a yardstick made from the data set. */
import { join } from "node:path";
import { readAdmSamples } from "../formats/npz.ts";
import type { Dataset, ImageSource } from "../plugin.ts";
import type { ImageSet } from "./jobs.ts";
import { SAMPLES } from "./sample.ts";

export interface LabelledImages {
  readonly n: number;
  /** uint8 [n, side, side, 3] */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
}

export async function imagesOf(set: ImageSet, dataset: Dataset): Promise<LabelledImages> {
  if (set.kind === "stored") {
    const { images, labels } = await readAdmSamples(join(set.folder, SAMPLES));
    const bytes = dataset.resolution ** 2 * 3;
    const n = images.length / bytes;
    return { n, images, labels: labels ?? new Int32Array(n).fill(-1) };
  }
  const source = set.kind === "held-out" || set.kind === "blurred" ? dataset.heldOut : dataset.train;
  const real = await firstOf(source, set.n);
  if (set.kind === "blurred") return { ...real, images: blurred(real.images, dataset.resolution) };
  return set.kind === "constant-mean" ? { ...real, images: constantMean(real.images, real.n) } : real;
}

/** At most `n` images from the start of a part. */
async function firstOf(source: ImageSource, wanted: number): Promise<LabelledImages> {
  const n = Math.min(wanted, source.length);
  const indices = Array.from({ length: n }, (_, k) => k);
  return {
    n,
    images: await source.images(indices),
    labels: Int32Array.from(indices, (k) => source.label(k)),
  };
}

const BLUR = 4;

/** Each 4 × 4 square of pixels replaced by its mean (a short last one by the mean of what there is). */
export function blurred(images: Uint8Array, side: number): Uint8Array {
  const out = new Uint8Array(images.length);
  const count = images.length / (side * side * 3);
  for (let image = 0; image < count; image++)
    for (let top = 0; top < side; top += BLUR)
      for (let left = 0; left < side; left += BLUR)
        for (let channel = 0; channel < 3; channel++) {
          const at: number[] = [];
          for (let y = top; y < Math.min(top + BLUR, side); y++)
            for (let x = left; x < Math.min(left + BLUR, side); x++)
              at.push(((image * side + y) * side + x) * 3 + channel);
          const mean = at.reduce((sum, i) => sum + images[i]!, 0) / at.length;
          for (const i of at) out[i] = Math.round(mean);
        }
  return out;
}

/** The mean image, n times. */
export function constantMean(images: Uint8Array, n: number): Uint8Array {
  const size = images.length / n;
  const sums = new Float64Array(size);
  for (let i = 0; i < images.length; i++) sums[i % size] = sums[i % size]! + images[i]!;
  const mean = Uint8Array.from(sums, (sum) => Math.round(sum / n));
  const out = new Uint8Array(images.length);
  for (let k = 0; k < n; k++) out.set(mean, k * size);
  return out;
}
