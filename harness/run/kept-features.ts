/** Features of samples that shards looked at, kept in a file until they are scored. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensorsFile, writeSafetensorsFile } from "../formats/safetensors.ts";
import type { Features } from "../plugin.ts";
import { readStored, store } from "./store.ts";

export const FEATURES = "features.safetensors";

/** float32 `features` [n, dims] and `logits` [n, classes]. */
export const writeFeatures = (
  folder: string,
  { n, dims, classes, features, logits }: Features,
): Promise<void> =>
  writeSafetensorsFile(join(folder, FEATURES), {
    features: { dtype: "float32", shape: [n, dims], data: features },
    logits: { dtype: "float32", shape: [n, classes], data: logits },
  });

/** Says that a score's features lie in its folder, whole. */
const POINTER = "features.json";

/** Leaves features in the folder of a score to come, which then need not be made. */
export async function keepFeatures(folder: string, features: Features): Promise<void> {
  await writeFeatures(folder, features);
  await store(folder, { n: features.n }, [FEATURES], POINTER);
}

/** What `keepFeatures` left; null: nothing. @throws UserError where it is damaged */
export const keptFeatures = async (folder: string): Promise<Features | null> =>
  (await readStored(folder, POINTER)) ? readFeatures(folder) : null;

export async function removeFeatures(folder: string): Promise<void> {
  for (const name of [POINTER, FEATURES]) await rm(join(folder, name), { force: true });
}

/** What `writeFeatures` wrote. */
export async function readFeatures(folder: string): Promise<Features> {
  const { features, logits } = await readSafetensorsFile(join(folder, FEATURES));
  const [n, dims] = features!.shape as [number, number];
  const [, classes] = logits!.shape as [number, number];
  return {
    n,
    dims,
    classes,
    features: features!.data as Float32Array,
    logits: logits!.data as Float32Array,
  };
}
