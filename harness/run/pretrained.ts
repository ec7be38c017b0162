/** Weights made elsewhere, in place of stages: which files, whose content is part of every key that hangs on them. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import { filesOf } from "../formats/open-tensors.ts";
import type { Model, StageWeights, Task } from "../plugin.ts";
import type { OpenEntry } from "./open.ts";
import { type ToldTraining, toldTraining } from "./provenance.ts";
import { digest } from "./store.ts";
import { readWeights } from "./tensors.ts";

export interface PretrainedFile {
  /** The stage it stands for. */
  readonly stage: string;
  readonly path: string;
  /** Of the file; of the index of several, that of `contentOf`. */
  readonly sha256: string;
  /** "the part ema (under nnet_ema/)" */
  readonly part: string;
  /** What it tells of its training; null: nothing. */
  readonly told: ToldTraining | null;
}

/** Weights by the stages that handed them on (their folders), and the files in place of others. */
export interface WeightsSource {
  readonly stages: Readonly<Record<string, string>>;
  readonly pretrained: readonly PretrainedFile[];
}

/**
 * The files that an entry names. Their names and shapes are checked, so that nothing runs before all can.
 * @throws UserError
 */
export async function pretrainedFiles(
  { baseFolder }: ResolvedConfig,
  model: Model,
  options: never,
  task: Task,
): Promise<readonly PretrainedFile[]> {
  const files: PretrainedFile[] = [];
  // A latent model's two stages lie in one file.
  const known = new Map<string, Pick<PretrainedFile, "sha256" | "told">>();
  for (const { stage, file, open } of model.pretrained?.(options) ?? []) {
    const path = resolve(baseFolder, file);
    if (!existsSync(path))
      throw new UserError(`weights: no file ${path}`, "give its path from the config's folder");
    const { part, close } = await open(path, task);
    await close();
    const content = known.get(path) ?? { sha256: await contentOf(path), told: await toldTraining(path) };
    known.set(path, content);
    files.push({ stage, path, part, ...content });
  }
  return files;
}

/** The sha256 of a file. Of the index of several: of what `sha256sum` prints of all their names, the index first. */
async function contentOf(path: string): Promise<string> {
  const files = await filesOf(path);
  if (files.length === 1) return (await digest(path)).sha256;
  const list = createHash("sha256");
  for (const file of files) list.update(`${(await digest(file)).sha256}  ${basename(file)}\n`);
  return list.digest("hex");
}

/** @throws UserError where a file is not the one that was planned with */
export async function weightsFrom(
  { stages, pretrained }: WeightsSource,
  entry: Pick<OpenEntry, "model" | "options" | "task">,
): Promise<StageWeights> {
  const weights: Record<string, StageWeights[string]> = { ...(await readWeights(stages)) };
  for (const [path, sha256] of new Map(pretrained.map((file) => [file.path, file.sha256])))
    if ((await contentOf(path)) !== sha256)
      throw new UserError(`weights: ${path} changed during the run`, "put it back, or start the run anew");
  for (const file of pretrained) weights[file.stage] = await readFile(file, entry);
  return weights;
}

async function readFile(
  { stage, path }: PretrainedFile,
  { model, options, task }: Pick<OpenEntry, "model" | "options" | "task">,
): Promise<StageWeights[string]> {
  const named = model.pretrained!(options).find((one) => one.stage === stage)!;
  const opened = await named.open(path, task);
  try {
    return await opened.read();
  } finally {
    await opened.close();
  }
}

/** "epg.safetensors, the part ema, sha256 0123456789ab… (diffusion fine-tuning), by its own account trained elsewhere for …" */
const described = ({ stage, path, sha256, part, told }: PretrainedFile): string =>
  `${basename(path)}, ${part}, sha256 ${sha256.slice(0, 12)}… (${stage})${told ? `, by its own account ${trainingTold(told)}` : ""}`;

export const describePretrained = (files: readonly PretrainedFile[]): string =>
  `Pre-trained, not trained here: ${files.map(described).join("; ")}`;

/** "trained elsewhere for 1200 steps of VAE, then 8900 of DiT, 62.0 TFLOP in all, on 4096 images of shapes" */
const trainingTold = ({ stages, trainingFlops, data }: ToldTraining): string =>
  `trained elsewhere for ${stages
    .map(({ stage, steps }, i) => `${steps} ${i === 0 ? "steps of " : "of "}${stage}`)
    .join(", then ")}, ${teraFlops(trainingFlops)} in all, on ${data.trainingImages} images of ${data.name}`;

export const teraFlops = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;
