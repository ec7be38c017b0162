/** Weights made elsewhere, in place of training: which file, whose content is part of every key that hangs on it. */
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Model, StageWeights, Task } from "../plugin.ts";
import type { OpenEntry } from "./open.ts";
import { type ToldTraining, toldTraining } from "./provenance.ts";
import { digest } from "./store.ts";
import { readWeights } from "./tensors.ts";

export interface PretrainedFile {
  readonly path: string;
  readonly sha256: string;
  /** "the part ema (under nnet_ema/)" */
  readonly part: string;
  /** What it tells of its training; null: nothing. */
  readonly told: ToldTraining | null;
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
  return { path, sha256: (await digest(path)).sha256, part, told: await toldTraining(path) };
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

export const describePretrained = ({ path, sha256, part, told }: PretrainedFile): string =>
  `Pre-trained, not trained here: ${basename(path)}, ${part}, sha256 ${sha256.slice(0, 12)}…${told ? `; by its own account ${trainingTold(told)}` : ""}`;

/** "trained elsewhere for 1200 steps of VAE, then 8900 of DiT, 62.0 TFLOP in all, on 4096 images of shapes" */
const trainingTold = ({ stages, trainingFlops, data }: ToldTraining): string =>
  `trained elsewhere for ${stages
    .map(({ stage, steps }, i) => `${steps} ${i === 0 ? "steps of " : "of "}${stage}`)
    .join(", then ")}, ${teraFlops(trainingFlops)} in all, on ${data.trainingImages} images of ${data.name}`;

export const teraFlops = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;

/** What of a run's entries was trained elsewhere, beside whose compute that of the others is not put. */
export function elsewhereSentence(
  entries: readonly { name: string; pretrained: PretrainedFile | null }[],
): string {
  const files = entries.flatMap(({ name, pretrained }) =>
    pretrained ? [{ name, told: pretrained.told }] : [],
  );
  const known = files.flatMap(({ name, told }) =>
    told ? [`"${name}" with ${teraFlops(told.trainingFlops)}`] : [],
  );
  const unknown = files.filter(({ told }) => !told).map(({ name }) => `"${name}"`);
  return [
    ...(known.length > 0 ? [` Trained elsewhere, by their files' account: ${known.join(", ")}.`] : []),
    ...(unknown.length > 0
      ? [` Pre-trained elsewhere, at a cost not known here: ${unknown.join(", ")}.`]
      : []),
  ].join("");
}
