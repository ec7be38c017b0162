/** The samples that are scored: images, or features of images. */
import { stat } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { recogniseFile } from "../formats/open-tensors.ts";
import { type FeatureSet, openFeatureFile } from "./feature-set.ts";
import { type ImageSet, openImageSet } from "./image-set.ts";

export type SampleSource =
  | { readonly images: ImageSet; readonly features: null }
  | { readonly images: null; readonly features: FeatureSet };

/** @throws UserError for what is neither a set of images nor a file of features */
export async function openSamples(path: string): Promise<SampleSource> {
  const features = await openFeatures(path);
  return features ? { images: null, features } : { images: await openImageSet(path), features: null };
}

/** @returns null for what is no safetensors file, which alone holds features */
export async function openFeatures(path: string): Promise<FeatureSet | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || (await recogniseFile(path)) !== "safetensors") return null;
  try {
    return await openFeatureFile(path);
  } catch (error) {
    throw error instanceof FormatError ? new UserError(error.message) : error;
  }
}
