/** What the files of a set say of themselves, before any is decoded. */
import { UserError } from "../errors.ts";
import type { ImageSet } from "./image-set.ts";
import type { Tool } from "./tool-listing.ts";

/** Those whose batches are tensors of one size, so that mixed sizes end in an error of theirs. */
const ONE_SIZE: ReadonlySet<Tool> = new Set([
  "pytorch-fid",
  "torch-fidelity",
  "clean-fid-legacy-tensorflow",
  "edm",
]);

/**
 * Reads the headers of files until two sizes are met: about 0.4 ms a file, against some 30 ms for its features.
 * @throws UserError where the tool cannot take images of several sizes, and these are
 */
export async function refuseMixedSizes(set: ImageSet, tool: Tool): Promise<void> {
  if (!ONE_SIZE.has(tool) || !set.headers) return;
  let first: { path: string; width: number; height: number } | null = null;
  for await (const image of set.headers()) {
    first ??= image;
    if (image.width !== first.width || image.height !== first.height)
      throw new UserError(
        `${set.path}: ${tool} takes images of one size: ${first.path} is ${first.width}x${first.height}, ${image.path} is ${image.width}x${image.height}`,
        "resize them before, and say how; or use a tool that resizes each image itself: adm, clean-fid",
      );
  }
}

/** The share of a set's images whose files are JPEG by content, 0 to 1; 0 for arrays. What that does: docs/jpeg.md. */
export async function jpegShare(set: ImageSet): Promise<number> {
  let jpegs = 0;
  for await (const { format } of set.headers?.() ?? []) if (format === "jpeg") jpegs++;
  return jpegs / set.length;
}
