/** A set of images that are files, in a folder or in archives: each is decoded when its turn comes. */
import { UserError } from "../errors.ts";
import { decodeStoredPixels, ImageError, readImageHeader } from "../formats/image.ts";
import { asUserError } from "./as-user-error.ts";
import type { ImageSet } from "./image-set.ts";

export interface EncodedImage {
  /** What makes it the same draw in two sets. */
  readonly name: string;
  /** What errors call it. */
  readonly path: string;
  /** Its path on disk, or its bytes. */
  source(): string | Promise<Uint8Array>;
}

/** As many files as are looked into at once. */
const TOGETHER = 32;

export function encodedSet(
  images: readonly EncodedImage[],
  about: Pick<ImageSet, "path" | "labels" | "warnings" | "close">,
): ImageSet {
  return {
    ...about,
    length: images.length,
    names: images.map(({ name }) => name),
    async *batches(size) {
      for (let start = 0; start < images.length; start += size)
        yield await Promise.all(
          images.slice(start, start + size).map((image) => read(image, decodeStoredPixels)),
        );
    },
    async *headers() {
      for (let start = 0; start < images.length; start += TOGETHER)
        yield* await Promise.all(
          images
            .slice(start, start + TOGETHER)
            .map(async (image) => ({ path: image.path, ...(await read(image, readImageHeader)) })),
        );
    },
  };
}

async function read<T>(image: EncodedImage, reader: (source: string | Uint8Array) => Promise<T>): Promise<T> {
  try {
    return await reader(await image.source());
  } catch (error) {
    if (error instanceof ImageError)
      throw new UserError(`${image.path}: ${error.message}`, "mend or remove the file");
    throw asUserError(error);
  }
}
