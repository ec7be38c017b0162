import type { Descriptor } from "../../harness/plugin.ts";

/** Procedural coloured shapes in eight classes. Sizes default to 32 pixels and 2048 / 1024 / 512 images. */
export const shapes = (
  options: { resolution?: number; train?: number; reference?: number; heldOut?: number } = {},
): Descriptor<"dataset"> => ({ kind: "dataset", plugin: "shapes", options });

/** Parts of a set of files; they add to 1. */
interface Split {
  train: number;
  reference: number;
  heldOut: number;
}

/**
 * A folder of JPEG, PNG and WebP files: class sub-folders, or flat for unconditional models. Each is
 * cropped to its centre square and scaled to `resolution` (default 64). `split` defaults to .6/.2/.2.
 */
export const imageFolder = (options: {
  folder: string;
  resolution?: number;
  split?: Split;
  /** Leave the class folders' names aside. */
  unconditional?: boolean;
  /** Leave unreadable images out, with a warning, instead of stopping at the first. */
  skipUnreadable?: boolean;
}): Descriptor<"dataset"> => ({ kind: "dataset", plugin: "image-folder", options });

/**
 * Images in ADM's layout: `arr_0` uint8 [N, H, W, 3] and, optionally, labels in `arr_1`. `resolution`
 * defaults to theirs, `split` to .6/.2/.2.
 */
export const npz = (options: {
  file: string;
  resolution?: number;
  split?: Split;
  /** Leave the labels aside. */
  unconditional?: boolean;
}): Descriptor<"dataset"> => ({ kind: "dataset", plugin: "npz", options });

/**
 * A data set that is not at hand: its resolution, classes and number of training images, so that training on it can
 * be planned (`--dry-run`) and weights trained on it sampled from. Its images come with `--data FOLDER`.
 */
export const announced = (options: {
  title: string;
  resolution: number;
  classes: number;
  train: number;
}): Descriptor<"dataset"> => ({ kind: "dataset", plugin: "announced", options });
