/** The features of a set of images, extracted batch by batch. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { FeatureExtractor, Features } from "../plugin.ts";
import { joinFeatures } from "./features.ts";
import type { ImageSet } from "./image-set.ts";

/** Precision and recall need three neighbours of every image. */
const FEWEST = 4;

/** @throws UserError for fewer than four images */
export function requireEnough({ path, length }: ImageSet): void {
  if (length < FEWEST)
    throw new UserError(
      `${path} holds ${length === 1 ? "1 image" : `${length} images`}; scores need at least ${FEWEST}`,
      "name a set of more images",
    );
}

export interface ExtractedSet {
  readonly path: string;
  readonly features: Features;
  readonly labels: Int32Array | null;
  /** sha256 of the pixels in order. */
  readonly content: string;
  /** sha256 of what tells one draw from another. */
  readonly draws: string;
  /** null where images are of several sizes. */
  readonly size: { readonly height: number; readonly width: number } | null;
}

/**
 * Every image is resized from its own size by the extractor.
 *
 * @param progress called with the images done
 */
export async function extractSet(
  set: ImageSet,
  extractor: FeatureExtractor,
  progress: (done: number) => void,
): Promise<ExtractedSet> {
  const pixels = createHash("sha256");
  const parts: Features[] = [];
  const sizes = new Map<string, { height: number; width: number }>();
  let done = 0;
  for await (const images of set.batches(extractor.batchSize)) {
    for (const { data, height, width } of images) {
      sizes.set(`${height}x${width}`, { height, width });
      pixels.update(data);
    }
    parts.push(await extractor.extract(images));
    done += images.length;
    progress(done);
  }
  return {
    path: set.path,
    features: joinFeatures(parts),
    labels: set.labels,
    content: pixels.digest("hex"),
    draws: createHash("sha256").update(JSON.stringify(set.names)).digest("hex"),
    size: sizes.size === 1 ? [...sizes.values()][0]! : null,
  };
}
