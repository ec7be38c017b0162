/** Weights made elsewhere, in place of stages: which files, whose content is part of every key that hangs on them. */
import { basename, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { recogniseTensors } from "../config/plugins.ts";
import { UserError } from "../errors.ts";
import { filesOf, openTensors } from "../formats/open-tensors.ts";
import type { Descriptor, Model, Pretrained, StageWeights, Task } from "../plugin.ts";
import { OtherNetwork } from "../weights/weights-file.ts";
import type { OpenEntry } from "./open.ts";
import { distinctBy, type ToldTraining, toldByAll, toldTraining, toldUpTo } from "./provenance.ts";
import { digest, listDigest } from "./store.ts";
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
  /** Images are measured by it, and it has no part in making them. */
  readonly judges?: true;
  /** What it took belongs to an autoencoder's training, which other models can share. */
  readonly autoencoder?: true;
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
  for (const { stage, file, judges, autoencoder, open } of model.pretrained?.(options) ?? []) {
    const path = resolve(baseFolder, file);
    const part = await fittingPart(open, path, task);
    const content = known.get(path) ?? { sha256: await contentOf(path), told: await toldTraining(path) };
    known.set(path, content);
    const told = content.told && toldUpTo(stage, content.told);
    files.push({
      stage,
      path,
      part,
      sha256: content.sha256,
      told,
      ...(judges && { judges }),
      ...(autoencoder && { autoencoder }),
    });
  }
  return files;
}

/**
 * Compares a file with the network that is wanted, by names and shapes.
 * @returns the part of it that is taken
 * @throws UserError, which tells what the file looks like where it holds another network
 */
export async function fittingPart(open: Pretrained["open"], path: string, task: Task): Promise<string> {
  const { part, close } = await open(path, task).catch((error: unknown) => likened(error, path));
  await close();
  return part;
}

/** @throws what was thrown; of another network, with what it looks like */
async function likened(error: unknown, path: string): Promise<never> {
  if (!(error instanceof OtherNetwork)) throw error;
  const { tensors, metadata, close } = await openTensors(path);
  await close();
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const found = new Set(
    (await recogniseTensors({ path, shapes, metadata })).map(({ family, size }) => `${family}, ${size}`),
  );
  throw found.size === 0
    ? error
    : new UserError(`${error.message}; it looks like ${[...found].join(", and ")}`, error.fix);
}

export type Settings = Descriptor["options"];

/** Options with the content of such files in place of where they lie, which makes no difference to a result. */
export const withContents = (
  options: Settings,
  files: readonly PretrainedFile[],
  baseFolder: string,
): Settings => withFiles(options, files, baseFolder, ({ sha256 }) => sha256);

/** Options with the names and contents of such files, for who does not have them: folders are nobody else's affair. */
export const withNames = (
  options: Settings,
  files: readonly PretrainedFile[],
  baseFolder: string,
): Settings =>
  withFiles(options, files, baseFolder, ({ path, sha256 }) => `${basename(path)}, sha256 ${sha256}`);

function withFiles(
  options: Settings,
  files: readonly PretrainedFile[],
  baseFolder: string,
  instead: (file: PretrainedFile) => string,
): Settings {
  const contents = new Map(files.map((file) => [file.path, instead(file)]));
  const within = (value: unknown): unknown => {
    if (typeof value === "string") return contents.get(resolve(baseFolder, value)) ?? value;
    if (Array.isArray(value)) return value.map(within);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, within(one)]));
  };
  return within(options) as Settings;
}

/** The sha256 of a file. Of the index of several: of what `sha256sum` prints of all their names, the index first. */
async function contentOf(path: string): Promise<string> {
  const files = await filesOf(path);
  if (files.length === 1) return (await digest(path)).sha256;
  return listDigest(files.map((file) => [basename(file), file]));
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

/** A file once, whatever stages it stands for: the names and parts of all, and the longest training that is told. */
export const distinctFiles = (files: readonly PretrainedFile[]): readonly PretrainedFile[] =>
  distinctBy(files, ({ sha256 }) => sha256).map((first) => {
    const same = files.filter(({ sha256 }) => sha256 === first.sha256);
    const joined = (names: readonly string[]): string => [...new Set(names)].join(" and ");
    return {
      ...first,
      stage: joined(same.map(({ stage }) => stage)),
      part: joined(same.map(({ part }) => part)),
      told: same.reduce((most, { told }) => longer(most, told), first.told),
    };
  });

const longer = (a: ToldTraining | null, b: ToldTraining | null): ToldTraining | null =>
  a && b && b.trainingFlops > a.trainingFlops ? b : a;

/** "epg.safetensors, the part ema, sha256 0123456789ab… (diffusion fine-tuning), by its own account trained elsewhere for …" */
const described = ({ stage, path, sha256, part, told }: PretrainedFile): string =>
  `${basename(path)}, ${part}, sha256 ${sha256.slice(0, 12)}… (${stage})${told ? `, by its own account ${trainingTold(told)}` : ""}`;

export const describePretrained = (files: readonly PretrainedFile[]): string =>
  `Pre-trained, not trained here: ${distinctFiles(files).map(described).join("; ")}`;

/** "trained elsewhere for 1200 steps of VAE, then 8900 of DiT, 62.0 TFLOP in all, on 4096 images of shapes" */
const trainingTold = ({ stages, trainingFlops, data }: ToldTraining): string =>
  `trained elsewhere for ${stages
    .map(({ stage, steps }, i) => `${steps} ${i === 0 ? "steps of " : "of "}${stage}`)
    .join(", then ")}, ${teraFlops(trainingFlops)} in all, on ${data
    .map(({ name, trainingImages }) => `${trainingImages} images of ${name}`)
    .join(" and ")}`;

/**
 * What all files together were trained with; null where one does not tell, or there is none.
 * @param counted weights of trainings that are counted already
 */
export function toldFlops(files: readonly PretrainedFile[], counted: readonly string[] = []): number | null {
  const told = files.length === 0 ? null : toldByAll(files.map((file) => file.told));
  return (
    told
      ?.filter(({ weightsSha256 }) => !counted.includes(weightsSha256))
      .reduce((sum, { trainingFlops }) => sum + trainingFlops, 0) ?? null
  );
}

export const teraFlops = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;
