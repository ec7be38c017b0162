/** A set of images to score or to score against: files of images, or samples in ADM's npz layout. Read as it is used, never whole. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Image, type ImageHeader, imageViews } from "../formats/image.ts";
import { openAdmSamples } from "../formats/npz.ts";
import { recogniseFile } from "../formats/open-tensors.ts";
import { asUserError } from "./as-user-error.ts";
import { encodedSet } from "./encoded-images.ts";
import { filesBelow } from "./files-below.ts";
import { imageNames, labelsByFolder } from "./image-names.ts";
import { holdsImages, openImageZip } from "./image-zip.ts";
import { openShards, shardNames, tarsAmong } from "./shards.ts";
import { inOrderOf, otherThanTool, type Tool } from "./tool-listing.ts";

export interface ImageSet {
  readonly path: string;
  readonly length: number;
  /** Of every image, in order; null where there are none. */
  readonly labels: Int32Array | null;
  /** What makes image i of two sets the same draw: its file's name, or its place and label. */
  readonly names: readonly string[];
  /** What users should know of how the set was read, a sentence each. */
  readonly warnings: readonly string[];
  /** All images in order, `size` at a time but for the last. One pass. */
  batches(size: number): AsyncGenerator<readonly Image[]>;
  /** What the images' files say of themselves, in order, without decoding; null where images are no files. */
  readonly headers: (() => AsyncGenerator<ImageHeader & { readonly path: string }>) | null;
  close(): Promise<void>;
}

/**
 * Opens a folder of images (at any depth) or of webdataset shards, a shard or a pattern of several
 * (`shards-{000..003}.tar`), a zip of images, or an npz of samples; files are told apart by their content.
 * @param tool reads the files in this tool's order, and warns where it would take others; by code points without one
 * @throws UserError for anything else
 */
export async function openImageSet(path: string, tool?: Tool): Promise<ImageSet> {
  try {
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) return await openFolder(path, tool);
    if (found) return await openFile(path, tool);
    const shards = shardNames(path);
    if (shards) return await openShards(path, shards);
  } catch (error) {
    throw asUserError(error);
  }
  throw new UserError(
    `there is no ${path}`,
    "name a folder of images, a tar or zip of images, or an .npz of samples",
  );
}

/**
 * Whether a path is of images and nothing else: a folder, a tar, a pattern of several, a zip of images.
 * @throws UserError
 */
export async function isImages(path: string): Promise<boolean> {
  try {
    const found = await stat(path).catch(() => null);
    if (!found || found.isDirectory()) return found !== null || shardNames(path) !== null;
    const kind = await recogniseFile(path);
    return kind === "tar" || (kind === "zip" && (await holdsImages(path)));
  } catch (error) {
    throw asUserError(error);
  }
}

async function openFolder(folder: string, tool: Tool | undefined): Promise<ImageSet> {
  const files = await filesBelow(folder);
  const images = imageNames(files, folder);
  if (images.length === 0) {
    const shards = await tarsAmong(files, folder);
    if (shards.length > 0) return openShards(folder, shards);
    throw new UserError(
      `${folder} holds no PNG, JPEG or WebP image`,
      "name the folder that holds the images",
    );
  }
  const ordered = await inOrderOf(tool, images, folder);
  return encodedSet(
    ordered.map((name) => ({ name, path: join(folder, name), source: () => join(folder, name) })),
    {
      path: folder,
      labels: labelsByFolder(ordered),
      warnings: tool ? otherThanTool(tool, files, images) : [],
      close: async () => {},
    },
  );
}

async function openFile(path: string, tool: Tool | undefined): Promise<ImageSet> {
  const kind = await recogniseFile(path);
  if (kind === "tar") return openShards(path, [path]);
  if (kind === "zip") return (await openImageZip(path, tool)) ?? openNpz(path);
  throw new UserError(
    `${path} is no set of images: ${kind === null ? "what it begins with is not known here" : `its content is ${kind}`}`,
    kind === "gzip" ? "unpack it" : "name a folder of images, a tar or zip of images, or an .npz of samples",
  );
}

async function openNpz(path: string): Promise<ImageSet> {
  const file = await openAdmSamples(path);
  const [length, height, width] = file.shape;
  const labels = file.labels;
  return {
    path,
    length,
    labels,
    names: Array.from({ length }, (_, i) => `${i}:${labels?.[i] ?? ""}`),
    warnings: [],
    async *batches(size) {
      try {
        for await (const images of file.batches(size))
          yield imageViews(images, { n: images.length / (height * width * 3), height, width });
      } catch (error) {
        throw asUserError(error);
      }
    },
    headers: null,
    close: () => file.close(),
  };
}
