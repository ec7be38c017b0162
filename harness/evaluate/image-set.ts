/** A set of images to score or to score against: a folder, or samples in ADM's npz layout. Read as it is used, never whole. */
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { decodeStoredPixels, type Image, ImageError, imageViews } from "../formats/image.ts";
import { openAdmSamples } from "../formats/npz.ts";
import { imageFiles } from "./image-files.ts";

export interface ImageSet {
  readonly path: string;
  readonly length: number;
  /** Of every image, in order; null where there are none. */
  readonly labels: Int32Array | null;
  /** What makes image i of two sets the same draw: its file's name, or its place and label. */
  readonly names: readonly string[];
  /** All images in order, at most `size` at a time. One pass. */
  batches(size: number): AsyncGenerator<readonly Image[]>;
  close(): Promise<void>;
}

/** @throws UserError for what is neither a folder of images nor an npz of samples */
export async function openImageSet(path: string): Promise<ImageSet> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new UserError(`there is no ${path}`, "name a folder of images or an .npz of samples");
  return found.isDirectory() ? openFolder(path) : openNpz(path);
}

async function openFolder(path: string): Promise<ImageSet> {
  const files = await imageFiles(path);
  return {
    path,
    length: files.length,
    labels: labelsByFolder(files),
    names: files,
    async *batches(size) {
      for (let start = 0; start < files.length; start += size) {
        yield await Promise.all(files.slice(start, start + size).map((file) => decoded(join(path, file))));
      }
    },
    close: async () => {},
  };
}

/** The class of every image where each lies in a folder of its class; null otherwise. */
function labelsByFolder(files: readonly string[]): Int32Array | null {
  const folders = files.map(dirname);
  const classes = [...new Set(folders)].sort();
  if (classes.length < 2 || classes.includes(".")) return null;
  return Int32Array.from(folders, (folder) => classes.indexOf(folder));
}

async function decoded(file: string): Promise<Image> {
  try {
    return await decodeStoredPixels(file);
  } catch (error) {
    if (error instanceof ImageError)
      throw new UserError(`${file}: ${error.message}`, "mend or remove the file");
    throw error;
  }
}

async function openNpz(path: string): Promise<ImageSet> {
  try {
    const file = await openAdmSamples(path);
    const [length, height, width] = file.shape;
    const labels = file.labels;
    return {
      path,
      length,
      labels,
      names: Array.from({ length }, (_, i) => `${i}:${labels?.[i] ?? ""}`),
      async *batches(size) {
        for await (const images of file.batches(size))
          yield imageViews(images, { n: images.length / (height * width * 3), height, width });
      },
      close: () => file.close(),
    };
  } catch (error) {
    throw error instanceof FormatError ? new UserError(error.message) : error;
  }
}
