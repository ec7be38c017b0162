/** Images that exist already as an entry's samples: as many as the run scores, never resized. */
import { dirname } from "node:path";
import { EntryError, UserError } from "../errors.ts";
import { byCodePoints } from "../evaluate/image-names.ts";
import { type ImageSet, openImageSet } from "../evaluate/image-set.ts";
import type { Image } from "../formats/image.ts";
import type { Dataset, Task } from "../plugin.ts";
import type { SettledConfig } from "./settle.ts";

export interface MadeImages {
  /** One an image; −1 throughout without classes. */
  readonly labels: Int32Array;
  readonly description: Readonly<Record<string, string | number | boolean>>;
  /** uint8 [1, side, side, 3] at a time, in order. @throws EntryError for an image of another size */
  images(): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

const LOOKED_AT = 64;

/**
 * Opens a set for `n` samples: of more images, n at equal steps, which keeps the classes' shares.
 * @throws UserError for fewer images, and for classes that the data set does not have
 */
export async function openMadeImages(
  path: string,
  n: number,
  { resolution: side, classes }: Task,
  dataset: Dataset,
): Promise<MadeImages> {
  const set = await openImageSet(path);
  try {
    if (set.length < n)
      throw new UserError(
        `${path} holds ${set.length} images, fewer than the ${n} that are scored`,
        `make more, or ask for at most ${set.length} (samples, --samples)`,
      );
    const positions = Array.from({ length: n }, (_, k) => Math.floor((k * set.length) / n));
    const all = classes === 0 ? null : classesOf(set, dataset.classes);
    return {
      labels: Int32Array.from(positions, (at) => all?.[at] ?? -1),
      description: {
        images: path,
        taken: n === set.length ? `all ${n}` : `${n} of ${set.length}, at equal steps`,
        labels: classes === 0 ? "none: unconditional" : all ? "its own" : "none",
      },
      images: () => taken(set, positions, side),
      close: () => set.close(),
    };
  } catch (error) {
    await set.close();
    throw error;
  }
}

/** @throws UserError where a set's number of images, its classes or its first image do not fit, before anything runs */
export async function requireImages(
  path: string,
  { samples }: SettledConfig,
  task: Task,
  dataset: Dataset,
): Promise<void> {
  const found = await openMadeImages(path, samples, task, dataset);
  try {
    await found.images().next();
  } catch (error) {
    throw error instanceof EntryError ? new UserError(error.message) : error;
  } finally {
    await found.close();
  }
}

/** The data set's class of every image, by its folder's name where those are the data set's; null where the set tells none. */
function classesOf({ path, labels, names }: ImageSet, classes: readonly string[]): Int32Array | null {
  if (labels === null) return null;
  const folders = [...new Set(names.map(dirname))].sort(byCodePoints);
  if (folders.length > 1 && folders.every((folder) => classes.includes(folder)))
    return Int32Array.from(names, (name) => classes.indexOf(dirname(name)));
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (largest < classes.length && (folders.length === 1 || folders.length === classes.length)) return labels;
  throw new UserError(
    folders.length > 1
      ? `${path} has ${folders.length} folders of classes (${folders.slice(0, 3).join(", ")}, …), the data set ${classes.length} classes`
      : `${path} has the label ${largest}, the data set ${classes.length} classes`,
    `name the folders as the data set does (${classes.slice(0, 3).join(", ")}, …), or number the classes 0 to ${classes.length - 1}`,
  );
}

async function* taken(set: ImageSet, positions: readonly number[], side: number): AsyncGenerator<Uint8Array> {
  const wanted = new Set(positions);
  let at = 0;
  for await (const batch of set.batches(LOOKED_AT))
    for (const image of batch) {
      if (wanted.has(at)) yield sized(image, side, `${set.path}: image ${at} (${set.names[at]})`);
      at++;
    }
}

function sized({ width, height, data }: Image, side: number, what: string): Uint8Array {
  if (width === side && height === side) return data;
  throw new EntryError(
    `${what} is ${width}×${height}, the data set ${side}×${side}; images are never resized here: make them at that size`,
  );
}
