/** From images to a file of their features, batch by batch: memory does not grow with the set. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { type WriteRows, writeRowTensors } from "../formats/row-tensors.ts";
import { onDisk } from "../references/on-disk.ts";
import { ahead } from "./ahead.ts";
import { asUserError } from "./as-user-error.ts";
import { metadataOf } from "./feature-set.ts";
import type { ImageSet } from "./image-set.ts";
import type { OpenedExtractor } from "./open-extractor.ts";
import type { Tool } from "./tool-listing.ts";

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

/** Tells how far work has come. */
export interface Stages {
  stage(name: string, total: number, unit: string): { update(done: number): void; done(): void };
}

interface Extracting {
  /** Whose preparation of images is asked for, of an extractor that has several; undefined: our own, ADM's. */
  readonly tool: Tool | undefined;
  readonly progress: Stages;
}

/**
 * Writes one float32 table [n, d] a layer into `file`, which is there whole or not at all. Every image is
 * resized from its own size by the extractor.
 *
 * @param layers which of the extractor's, whether or not it gives more
 * @throws UserError where the disk does not take it, or a header not the images' names
 */
export async function extractFeatures(
  set: ImageSet,
  { extractor, widths: all }: OpenedExtractor,
  layers: readonly string[],
  file: string,
  { tool, progress }: Extracting,
): Promise<void> {
  const widths = Object.fromEntries(layers.map((layer) => [layer, all[layer]!]));
  const stage = progress.stage(`features of ${set.path}`, set.length, "images");
  const metadata = metadataOf({
    id: extractor.id,
    preparation: extractor.description,
    tool: extractor.name === "inception" ? (tool ?? "adm") : null,
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
      for (const name of layers) await write(name, done, rows[name]!);
      done += images.length;
      stage.update(done);
    }
    return { pixels: pixels.digest("hex"), size: sizes.size === 1 ? [...sizes][0]! : "several sizes" };
  };
  await onDisk(file, FIX, () => writeRowTensors(file, { n: set.length, widths, metadata }, fill)).catch(
    (error: unknown) => {
      throw asUserError(error);
    },
  );
  stage.done();
}
