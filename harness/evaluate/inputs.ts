/** The samples that are scored: images, or features of images. */
import { stat } from "node:fs/promises";
import { recogniseFile } from "../formats/open-tensors.ts";
import { asUserError } from "./as-user-error.ts";
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

/** @returns null for what is no safetensors file, which alone holds features */
export async function openFeatures(path: string): Promise<FeatureSet | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || (await recogniseFile(path)) !== "safetensors") return null;
  try {
    return await openFeatureFile(path);
  } catch (error) {
    throw asUserError(error);
  }
}
