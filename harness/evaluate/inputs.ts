/** The samples that are scored: images, or features of images. */
import { stat } from "node:fs/promises";
import { recogniseFile } from "../formats/open-tensors.ts";
import { asUserError } from "./as-user-error.ts";
import { openCleanFidFeatures } from "./clean-fid-features.ts";
import { type FeatureSet, openFeatureFile } from "./feature-set.ts";
import { type ImageSet, openImageSet } from "./image-set.ts";
import type { Tool } from "./tool-listing.ts";

export type SampleSource =
  | { readonly images: ImageSet; readonly features: null }
  | { readonly images: null; readonly features: FeatureSet };

/**
 * @param tool in whose order a folder is read
 * @throws UserError for what is neither a set of images nor a file of features
 */
export async function openSamples(path: string, tool?: Tool): Promise<SampleSource> {
  const features = await openFeatures(path);
  return features ? { images: null, features } : { images: await openImageSet(path, tool), features: null };
}

/** @returns null for what holds no features: neither a safetensors file nor an npz that clean-fid made for KID */
export async function openFeatures(path: string): Promise<FeatureSet | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const kind = await recogniseFile(path);
  try {
    if (kind === "safetensors") return await openFeatureFile(path);
    return kind === "zip" ? await openCleanFidFeatures(path) : null;
  } catch (error) {
    throw asUserError(error);
  }
}
