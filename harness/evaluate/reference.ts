/** What is scored against: real images, features of them, statistics of features, or, as in ADM's files, more than one. */
import { existsSync } from "node:fs";
import { UserError } from "../errors.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { MEANS, readStatistics, type StoredStatistics } from "../formats/statistics.ts";
import type { KnownReference } from "../references/known.ts";
import { resolveReference } from "../references/resolve.ts";
import { asUserError } from "./as-user-error.ts";
import { listingHash } from "./checkpoints.ts";
import type { FeatureSet } from "./feature-set.ts";
import { type ImageSet, isImages, openImageSet } from "./image-set.ts";
import { openFeatures } from "./inputs.ts";
import { shardNames } from "./shards.ts";
import type { Tool } from "./tool-listing.ts";

export interface ReferenceSource {
  readonly path: string;
  readonly images: ImageSet | null;
  readonly features: FeatureSet | null;
  /** The Fréchet distance is to these, where there are some. */
  readonly statistics: StoredStatistics | null;
  /** Of sFID's features: ADM's files have them. */
  readonly spatial: StoredStatistics | null;
  /** What is known of a reference that was named; null for a path. */
  readonly entry: KnownReference | null;
}

const NOTHING = { images: null, features: null, statistics: null, spatial: null, entry: null };
const SPATIAL_MEAN = "mu_s";

/**
 * @param nameOrPath a path, or the name of a reference of the registry or of one made here
 * @param tool in whose order a folder is read
 * @throws UserError for what is neither a set of images nor a file of features or statistics, nor such a name
 */
export async function openReference(nameOrPath: string, tool?: Tool): Promise<ReferenceSource> {
  if (await isImages(nameOrPath))
    return { ...NOTHING, path: nameOrPath, images: await openImageSet(nameOrPath, tool) };
  const { path, entry } = await resolveReference(nameOrPath);
  try {
    return { ...(await openReferenceFile(path)), path, entry };
  } catch (error) {
    throw asUserError(error);
  }
}

/**
 * By what a reference that was changed meanwhile is known: names, sizes and times of its files.
 * @throws UserError for what is neither a path nor a name
 */
export async function referenceListing(nameOrPath: string): Promise<string> {
  const shards = existsSync(nameOrPath) ? null : shardNames(nameOrPath);
  const paths = shards ?? [(await resolveReference(nameOrPath)).path];
  return (await Promise.all(paths.map(listingHash))).join(" ");
}

async function openReferenceFile(path: string): Promise<Omit<ReferenceSource, "path" | "entry">> {
  const names = await tensorNames(path);
  const statistics = MEANS.some((name) => names.includes(name)) ? await readStatistics(path) : null;
  const spatial = names.includes(SPATIAL_MEAN) ? await readStatistics(path, SPATIAL_MEAN) : null;
  const images = names.includes("arr_0") ? await openImageSet(path) : null;
  const features = statistics || images ? null : await openFeatures(path);
  if (statistics || images || features) return { images, features, statistics, spatial };
  throw new UserError(
    `${path} holds neither images (arr_0) nor statistics (mu, sigma), but ${names.slice(0, 8).join(", ") || "nothing"}`,
    "name a folder of images, an .npz of samples, a file of features or a file of statistics",
  );
}

async function tensorNames(path: string): Promise<string[]> {
  const file = await openTensors(path);
  await file.close();
  return [...file.tensors.keys()];
}
