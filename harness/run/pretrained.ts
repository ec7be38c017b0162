/** Weights made elsewhere, in place of training: which file, whose content is part of every key that hangs on it. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Model, StageWeights, Task } from "../plugin.ts";
import type { OpenEntry } from "./open.ts";
import { digest } from "./store.ts";
import { readWeights } from "./tensors.ts";

export interface PretrainedFile {
  readonly path: string;
  readonly sha256: string;
  /** "the part ema (under nnet_ema/)" */
  readonly part: string;
}

/** What an entry samples from: what its stages handed on (their folders, by name), or a file in their place. */
export interface WeightsSource {
  readonly stages: Readonly<Record<string, string>>;
  readonly pretrained: PretrainedFile | null;
}

/**
 * The file an entry samples from; null: it trains. Its names and shapes are checked, so that nothing runs before all can.
 * @throws UserError
 */
export async function pretrainedFile(
  { baseFolder }: ResolvedConfig,
  model: Model,
  options: never,
  task: Task,
): Promise<PretrainedFile | null> {
  const pretrained = model.pretrained?.(options) ?? null;
  if (!pretrained) return null;
  const path = resolve(baseFolder, pretrained.file);
  if (!existsSync(path))
    throw new UserError(`weights: no file ${path}`, "give its path from the config's folder");
  const { part, close } = await pretrained.open(path, task);
  await close();
  return { path, sha256: (await digest(path)).sha256, part };
}

/** @throws UserError where the file is not the one that was planned with */
export async function weightsFrom(
  { stages, pretrained }: WeightsSource,
  { model, options, task }: Pick<OpenEntry, "model" | "options" | "task">,
): Promise<StageWeights> {
  if (!pretrained) return readWeights(stages);
  const { path, sha256 } = pretrained;
  if ((await digest(path)).sha256 !== sha256)
    throw new UserError(`weights: ${path} changed during the run`, "put it back, or start the run anew");
  const opened = await model.pretrained!(options)!.open(path, task);
  try {
    return await opened.read();
  } finally {
    await opened.close();
  }
}

export const describePretrained = ({ path, sha256, part }: PretrainedFile): string =>
  `Pre-trained, not trained here: ${basename(path)}, ${part}, sha256 ${sha256.slice(0, 12)}…`;
