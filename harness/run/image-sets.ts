/** The images that are scored: samples of an entry, or a yardstick made from the data set. They come in runs, so that memory does not grow with them. */
import { join } from "node:path";
import { type AdmFile, openAdmSamples } from "../formats/npz.ts";
import type { Dataset, ImageSource } from "../plugin.ts";
import type { ImageSet } from "./jobs.ts";
import { firstLabels } from "./labels.ts";
import { SAMPLES } from "./sample.ts";

export interface LabelledImages {
  readonly n: number;
  readonly labels: Int32Array;
  /** All images in order, once: uint8 [few, side, side, 3] at a time. */
  readonly runs: AsyncIterable<Uint8Array>;
}

/** Bytes of pixels in memory, and as many images as some whole batches of any extractor have. */
const RUN_BYTES = 2 ** 27;
const RUN_IMAGES = 512;

const runLength = (side: number): number =>
  Math.max(1, Math.min(RUN_IMAGES, Math.floor(RUN_BYTES / (3 * side ** 2))));

export async function imagesOf(set: ImageSet, dataset: Dataset): Promise<LabelledImages> {
  const side = dataset.resolution;
  if (set.kind === "stored") {
    const file = await openAdmSamples(join(set.folder, SAMPLES));
    const [n] = file.shape;
    return { n, labels: file.labels ?? new Int32Array(n).fill(-1), runs: closing(file, runLength(side)) };
  }
  const source = set.kind === "held-out" || set.kind === "blurred" ? dataset.heldOut : dataset.train;
  const real = firstOf(source, set.n, side);
  if (set.kind === "blurred") return { ...real, runs: mapped(real.runs, (run) => blurred(run, side)) };
  if (set.kind !== "constant-mean") return real;
  const mean = await meanImage(real.runs, 3 * side ** 2);
  return { ...real, runs: mapped(runsOf(source, real.n, side), ({ length }) => repeated(mean, length)) };
}

/** At most `wanted` images from the start of a part. */
export function firstOf(source: ImageSource, wanted: number, side: number): LabelledImages {
  const n = Math.min(wanted, source.length);
  return {
    n,
    labels: firstLabels(source, n),
    runs: runsOf(source, n, side),
  };
}

async function* runsOf(source: ImageSource, n: number, side: number): AsyncGenerator<Uint8Array> {
  const length = runLength(side);
  for (let start = 0; start < n; start += length)
    yield source.images(Array.from({ length: Math.min(length, n - start) }, (_, k) => start + k));
}

async function* closing(file: AdmFile, length: number): AsyncGenerator<Uint8Array> {
  try {
    yield* file.batches(length);
  } finally {
    await file.close();
  }
}

async function* mapped(
  runs: AsyncIterable<Uint8Array>,
  change: (run: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for await (const run of runs) yield change(run);
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

/** The mean of images of `bytes` bytes each. */
async function meanImage(runs: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const sums = new Float64Array(bytes);
  let n = 0;
  for await (const run of runs) {
    for (let i = 0; i < run.length; i++) sums[i % bytes] = sums[i % bytes]! + run[i]!;
    n += run.length / bytes;
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / n));
}

/** An image again and again, `bytes` bytes in all. */
function repeated(image: Uint8Array, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let start = 0; start < bytes; start += image.length) out.set(image, start);
  return out;
}
