/** Features of images that come in runs. */
import { imageViews } from "../formats/image.ts";
import type { FeatureExtractor, Features } from "../plugin.ts";
import type { LabelledImages } from "./image-sets.ts";
import type { JobHost } from "./jobs.ts";
import { joinFeatures } from "./join-features.ts";

/** Only the features of images stay in memory. @param note of the progress */
type Look = (images: LabelledImages, note: string) => Promise<Features>;

/**
 * Looks at one set of images after another, told as one course.
 * @param side of the images, pixels
 * @param total images of all sets
 */
export function looking(extractor: FeatureExtractor, side: number, host: JobHost, total: number): Look {
  let done = 0;
  return ({ n, runs }, note) => {
    async function* extracted(): AsyncGenerator<Features> {
      for await (const run of runs) {
        const shape = { n: run.length / (3 * side ** 2), height: side, width: side };
        const features = await extractor.extract(imageViews(run, shape));
        done += shape.n;
        // The end of a course is told without what was looked at last.
        const what = done < total ? { note } : {};
        host.emit({ type: "progress", done, total, unit: "images", ...what });
        yield features;
      }
    }
    return joinFeatures(n, extracted());
  };
}
