/** Named tensors as safetensors files. */
import { join } from "node:path";
import { readSafetensorsFile, writeSafetensorsFile } from "../formats/safetensors.ts";
import type { StageWeights } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { readStored } from "./store.ts";

export const WEIGHTS = "weights.safetensors";

export const writeTensors = (file: string, tensors: Tensors): Promise<void> =>
  writeSafetensorsFile(file, tensors);

export const readTensors = (file: string): Promise<Tensors> => readSafetensorsFile(file);

/** What finished stages handed on, by stage name. */
export async function readWeights(folders: Readonly<Record<string, string>>): Promise<StageWeights> {
  const weights: Record<string, Tensors> = {};
  for (const [stage, folder] of Object.entries(folders)) {
    if (!(await readStored(folder))) throw new Error(`stage ${stage} is not finished: ${folder}`);
    weights[stage] = await readTensors(join(folder, WEIGHTS));
  }
  return weights;
}
