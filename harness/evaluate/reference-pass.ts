/** One pass over a set of images that makes what a reference file holds. Memory does not grow with the set. */
import { createHash } from "node:crypto";
import { admCentreCrop } from "../formats/adm-crop.ts";
import type { ArraySource } from "../formats/npz-writer.ts";
import { featureMatrix, type Product } from "../linear-algebra/index.ts";
import { covarianceOf, type MomentsAccumulator, meanOf, momentsAccumulator } from "../metrics/index.ts";
import type { LayerExtractor } from "../plugin.ts";
import { ahead } from "./ahead.ts";
import type { ImageSet } from "./image-set.ts";

/** A mean of ADM's files, the layer it is of, and how many numbers that has. */
interface MeanOfLayer {
  readonly mean: string;
  readonly layer: string;
  readonly dimensions: number;
}

interface PassOptions {
  readonly extractor: LayerExtractor;
  readonly means: readonly MeanOfLayer[];
  readonly multiply: Product;
  /** The side of the squares that the images become. */
  readonly resolution: number;
  /** How many of these squares the file holds, at equal distances in the set's order; at most as many as there are. */
  readonly kept: number;
  /** Called with the images done. */
  readonly progress: (done: number) => void;
}

interface ReferencePass {
  /** To be written in this order: the pass is made as the first is read, and the statistics are known after it. */
  readonly arrays: Readonly<Record<string, ArraySource>>;
  /** After the pass. */
  summary(): {
    /** sha256 of all squares in order. */
    readonly pixels: string;
    /** Images that were smaller than the squares. */
    readonly enlarged: number;
  };
}

export function referencePass(set: ImageSet, options: PassOptions): ReferencePass {
  const { means, multiply, resolution, kept } = options;
  const hash = createHash("sha256");
  const sums = means.map(({ dimensions }) => momentsAccumulator(dimensions, multiply));
  const counts = { done: 0, enlarged: 0 };
  const squares = async function* (): AsyncGenerator<Uint8Array> {
    for await (const images of ahead(set.batches(options.extractor.batchSize))) {
      const crops = images.map((image) => admCentreCrop(image, resolution));
      counts.enlarged += images.filter((image) => Math.min(image.width, image.height) < resolution).length;
      const rows = await options.extractor.extract(crops);
      for (const [i, { layer, dimensions }] of means.entries())
        await sums[i]!.add(featureMatrix(layer, rows[layer]!, dimensions));
      for (const { data } of crops) {
        hash.update(data);
        if (isKept(counts.done++, kept, set.length)) yield data;
      }
      options.progress(counts.done);
    }
  };
  const passed = async (): Promise<void> => {
    if (counts.done === 0) for await (const _ of squares());
  };
  const images = { dtype: "uint8", shape: [kept, resolution, resolution, 3], data: squares() } as const;
  const statistics = means.map((of, i) => statisticsArrays(of, passed, sums[i]!));
  return {
    arrays: Object.assign(kept > 0 ? { arr_0: images } : {}, ...statistics),
    summary: () => ({ pixels: hash.digest("hex"), enlarged: counts.enlarged }),
  };
}

/** Whether image i is one of `kept` of n at equal distances. */
const isKept = (i: number, kept: number, n: number): boolean =>
  Math.floor(((i + 1) * kept) / n) > Math.floor((i * kept) / n);

/** A mean and its covariance, in float64, which are worked out as they are written. */
function statisticsArrays(
  { mean, dimensions }: MeanOfLayer,
  passed: () => Promise<void>,
  sums: MomentsAccumulator,
): Record<string, ArraySource> {
  const array = (shape: readonly number[], data: () => Promise<Float64Array>): ArraySource => ({
    dtype: "float64",
    shape,
    data: (async function* () {
      await passed();
      yield await data();
    })(),
  });
  return {
    [mean]: array([dimensions], async () => meanOf(await sums.moments())),
    [mean.replace("mu", "sigma")]: array(
      [dimensions, dimensions],
      async () => covarianceOf(await sums.moments()).data,
    ),
  };
}
