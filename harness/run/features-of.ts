/** Features of images that come in runs. */
import { imageViews } from "../formats/image.ts";
import type { FeatureExtractor, Features } from "../plugin.ts";
import type { LabelledImages } from "./image-sets.ts";
import type { JobHost } from "./jobs.ts";
import { joinFeatures } from "./join-features.ts";

/**
 * Only the features of images stay in memory. What is made of them is one more piece of work.
 * @param note of the progress
 */
export function featuresOf(
  extractor: FeatureExtractor,
  { n, runs }: LabelledImages,
  side: number,
  host: JobHost,
  note: string,
): Promise<Features> {
  async function* extracted(): AsyncGenerator<Features> {
    let done = 0;
    for await (const run of runs) {
      const shape = { n: run.length / (3 * side ** 2), height: side, width: side };
      const features = await extractor.extract(imageViews(run, shape));
      done += shape.n;
      host.emit({ type: "progress", done, total: n + 1, unit: "images", note });
      yield features;
    }
  }
  return joinFeatures(n, extracted());
}
