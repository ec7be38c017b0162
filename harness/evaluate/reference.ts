/** What images are scored against: real images, statistics of their features, or, as in ADM's files, both. */
import { stat } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { MEANS, readStatistics, type StoredStatistics } from "../formats/statistics.ts";
import { asUserError } from "./as-user-error.ts";
import { type ImageSet, isImages, openImageSet } from "./image-set.ts";

export interface ReferenceSource {
  readonly path: string;
  readonly images: ImageSet | null;
  /** The Fréchet distance is to these, where there are some. */
  readonly statistics: StoredStatistics | null;
}

/** @throws UserError for what is neither a folder of images nor a file of samples or statistics */
export async function openReference(path: string): Promise<ReferenceSource> {
  const found = await stat(path).catch(() => null);
  if (!found || (await isImages(path))) return { path, images: await openImageSet(path), statistics: null };
  try {
    const names = await tensorNames(path);
    const statistics = MEANS.some((name) => names.includes(name)) ? await readStatistics(path) : null;
    const images = names.includes("arr_0") ? await openImageSet(path) : null;
    if (statistics || images) return { path, images, statistics };
    throw new UserError(
      `${path} holds neither images (arr_0) nor statistics (mu, sigma), but ${names.slice(0, 8).join(", ") || "nothing"}`,
      "name a folder of images, an .npz of samples, or a file of statistics",
    );
  } catch (error) {
    throw asUserError(error);
  }
}

async function tensorNames(path: string): Promise<string[]> {
  const file = await openTensors(path);
  await file.close();
  return [...file.tensors.keys()];
}
