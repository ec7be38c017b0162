/** From images to a file of their features, batch by batch: memory does not grow with the set. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { type WriteRows, writeRowTensors } from "../formats/row-tensors.ts";
import type { LayerExtractor } from "../plugin.ts";
import { onDisk } from "../references/on-disk.ts";
import { ahead } from "./ahead.ts";
import { asUserError } from "./as-user-error.ts";
import { metadataOf } from "./feature-set.ts";
import type { ImageSet } from "./image-set.ts";

/** Precision and recall need three neighbours of every image. */
const FEWEST = 4;

const FIX =
  "free space there, or take another place: by --out for a file of features, by TMPDIR for those of a score";

/** @throws UserError for fewer than four images */
export function requireEnough({ path, length }: Pick<ImageSet, "path" | "length">): void {
  if (length < FEWEST)
    throw new UserError(
      `${path} holds ${length === 1 ? "1 image" : `${length} images`}; scores need at least ${FEWEST}`,
      "name a set of more images",
    );
}

interface Extracting {
  /** Whose preparation of images the extractor has; null for one of its own. */
  readonly tool: string | null;
  /** Called with the images done. */
  readonly progress: (done: number) => void;
}

/**
 * Writes one float32 table [n, d] a layer into `file`, which is there whole or not at all. Every image is
 * resized from its own size by the extractor.
 *
 * @param layers which of the extractor's, and their widths
 * @throws UserError where the disk does not take it, or a header not the images' names
 */
export async function extractFeatures(
  set: ImageSet,
  extractor: LayerExtractor,
  layers: Readonly<Record<string, number>>,
  file: string,
  { tool, progress }: Extracting,
): Promise<void> {
  const metadata = metadataOf({
    id: extractor.id,
    preparation: extractor.description,
    tool,
    names: set.names,
    labels: set.labels,
  });
  const fill = async (write: WriteRows) => {
    const pixels = createHash("sha256");
    const sizes = new Set<string>();
    let done = 0;
    for await (const images of ahead(set.batches(extractor.batchSize))) {
      for (const { data, height, width } of images) {
        sizes.add(`${width}x${height}`);
        pixels.update(data);
      }
      const rows = await extractor.extract(images);
      for (const name of Object.keys(layers)) await write(name, done, rows[name]!);
      done += images.length;
      progress(done);
    }
    return { pixels: pixels.digest("hex"), size: sizes.size === 1 ? [...sizes][0]! : "several sizes" };
  };
  await onDisk(file, FIX, () =>
    writeRowTensors(file, { n: set.length, widths: layers, metadata }, fill),
  ).catch((error: unknown) => {
    throw asUserError(error);
  });
}
