/** Images in ADM's layout: an .npz with `arr_0`, uint8 [N, H, W, 3], and maybe labels in `arr_1`. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { centreSquare, DECODER_VERSION } from "../../../harness/formats/image.ts";
import { unstack } from "../../../harness/formats/image-grid.ts";
import { type AdmFile, openAdmSamples } from "../../../harness/formats/npz.ts";
import type { Dataset, DatasetContext, DatasetPlugin } from "../../../harness/plugin.ts";
import { eachConcurrently } from "../concurrent.ts";
import { digest } from "../digest.ts";
import { cachedPixels } from "../pixel-cache.ts";
import { warnOfSmallClasses } from "../small-classes.ts";
import { splitSchema } from "../split.ts";
import { storedParts } from "../stored-images.ts";

const schema = z.strictObject({
  file: z.string().min(1),
  /** Pixels a side; the arrays' own where they are square. */
  resolution: z.int().min(8).max(2048).optional(),
  split: splitSchema,
  /** Leave the labels aside. */
  unconditional: z.boolean().default(false),
});

type Options = z.infer<typeof schema>;

/** Each class has a name, so the largest label bounds memory. */
const MAX_CLASSES = 100_000;

const decoder = `npz ${DECODER_VERSION}`;

const plugin: DatasetPlugin<Options> = {
  name: "npz",
  schema,
  async open(options: Options, context: DatasetContext): Promise<Dataset> {
    const path = resolve(context.baseFolder, options.file);
    let file: AdmFile | undefined;
    try {
      file = await openAdmSamples(path);
      return await openDataset(file, path, options, context);
    } catch (error) {
      const { syscall, message } = error as NodeJS.ErrnoException;
      if (error instanceof FormatError || syscall !== undefined)
        throw new UserError(`the data set cannot be read: ${message}`, `check \`file\` (${options.file})`);
      throw error;
    } finally {
      await file?.close();
    }
  },
};

export default plugin;

async function openDataset(
  file: AdmFile,
  path: string,
  options: Options,
  context: DatasetContext,
): Promise<Dataset> {
  const [, height, width] = file.shape;
  const side = options.resolution ?? height;
  if (options.resolution === undefined && height !== width)
    throw new UserError(
      `the images of ${path} are ${width}×${height}, not square`,
      "give `resolution`: the centre square is scaled to it",
    );
  const labels = options.unconditional ? null : file.labels;
  const classes = classNames(labels, path);
  const hashes = await hashImages(file);
  const { pixels, warnings } = await cachedPixels({
    folder: context.cacheFolder,
    key: digest({ decoder, side, shape: file.shape, hashes }),
    rows: hashes.length,
    rowBytes: side * side * 3,
    fill: (put) => fill(file, path, hashes, side, context.threads, put),
  });
  const images = hashes.map((sha256, row) => ({ sha256, row, label: labels ? labels[row]! : -1 }));
  const origin = `the data set ${path}`;
  return {
    name: "npz",
    ...storedParts({ origin, images, classes, pixels, resolution: side, split: options.split, decoder }),
    resolution: side,
    classes,
    classesAreImageNet: false,
    warnings: [
      ...warnings,
      ...warnOfSmallClasses(
        classes,
        images.map(({ label }) => label),
      ),
    ],
  };
}

/** "0", "1", … up to the largest label. */
function classNames(labels: Int32Array | null, path: string): string[] {
  if (!labels) return [];
  const count = labels.reduce((a, b) => Math.max(a, b), 0) + 1;
  if (count > MAX_CLASSES)
    throw new UserError(
      `the data set ${path} has a label ${count - 1}; labels are below ${MAX_CLASSES}`,
      "number the classes 0, 1, 2, …",
    );
  return Array.from({ length: count }, (_, label) => `${label}`);
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function hashImages({ shape: [, height, width], batches }: AdmFile): Promise<string[]> {
  const hashes: string[] = [];
  for await (const batch of batches())
    for (const { data } of unstack(batch, width, height)) hashes.push(sha256(data));
  return hashes;
}

/** A second pass over the file, now for the pixels. */
async function fill(
  { shape: [, height, width], batches }: AdmFile,
  path: string,
  hashes: readonly string[],
  side: number,
  threads: number,
  put: (row: number, pixels: Uint8Array) => Promise<void>,
): Promise<ReadonlyMap<number, string>> {
  let start = 0;
  for await (const batch of batches()) {
    const images = unstack(batch, width, height);
    await eachConcurrently(images, threads, async (image, i) => {
      if (sha256(image.data) !== hashes[start + i])
        throw new UserError(`the file ${path} changed while it was read`, "run again when nothing writes it");
      const asItIs = width === side && height === side;
      await put(start + i, asItIs ? image.data : (await centreSquare(image, side)).data);
    });
    start += images.length;
  }
  return new Map();
}
