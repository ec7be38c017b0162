/** Reproducing a published number: its recipe becomes a config, `run`'s own code samples it, `eval`'s own scores it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { loadPlugin, parseOptions } from "../config/plugins.ts";
import { checkConfig, checkPlugins } from "../config/resolve.ts";
import { UserError } from "../errors.ts";
import { conventionOf } from "../evaluate/conventions/index.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import { openReference } from "../evaluate/reference.ts";
import type { DownloadContext } from "../references/download.ts";
import { fetchFile } from "../references/fetch.ts";
import type { Result } from "../result.ts";
import { cacheFolder, writeJson } from "../run/folder.ts";
import { openDataset, openModel, taskOf } from "../run/open.ts";
import { fittingPart } from "../run/pretrained.ts";
import type { RunRequest } from "../run/request.ts";
import { type SampledEntry, sampleEntries } from "../run/sample-entries.ts";
import { weightsFolder } from "../user-cache.ts";
import type { Recipe } from "./recipe.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

export interface ReproductionRequest extends Pick<RunRequest, "folder" | "progress" | "signal" | "command"> {
  readonly name: string;
  readonly recipe: Recipe;
  /** The checkpoint; null: the recipe's, in the user's cache. */
  readonly weights: string | null;
  /** A reference by name or path; null: the recipe's. */
  readonly reference: string | null;
  /** null: as many as the recipe says. */
  readonly samples: number | null;
  readonly threads: number;
}

export interface Reproduction {
  readonly recipe: string;
  readonly title: string;
  readonly source: string;
  readonly notes: readonly string[];
  readonly weights: { readonly path: string; readonly sha256: string; readonly part: string };
  readonly reference: string;
  readonly metric: string;
  readonly nfe: { readonly expected: number; readonly found: number | null };
  readonly verdict: Verdict;
  /** Relative to the folder. */
  readonly grid: string;
  /** What `eval` would say. */
  readonly evaluation: Result;
}

/**
 * Leaves `reproduction.json`, the config and a grid of samples in the folder.
 * @throws UserError for what is missing, before anything is sampled
 */
export async function reproduce(request: ReproductionRequest): Promise<Reproduction> {
  const { name, recipe, folder, threads, command, progress } = request;
  const reference = request.reference ?? recipe.reference;
  if (reference === null)
    throw new UserError(
      `the recipe ${name} names no reference`,
      "give one with --reference, by name or path",
    );
  const given = request.weights === null ? null : await configOf(request);
  if (given) await requireWeights(given, recipe, name);
  await requireReference(reference);
  await requireFeatures(recipe);
  const config = given ?? (await configOf(request));
  const [sampled] = (await sampleEntries({ ...request, config })) as [SampledEntry];
  const { features, convention, expected } = recipe;
  const evaluation = await evaluate({
    samples: sampled.samples,
    reference,
    extractor: { plugin: features, options: extractorOptions(recipe), threads },
    convention: conventionOf(convention),
    metrics: null,
    settings: { neighbours: null, kidSubsets: null, kidSubsetSize: null, seed: null },
    layer: null,
    command,
    progress,
  });
  const row = evaluation.results.find(({ metric }) => metric === expected.metric);
  if (row?.value === undefined || row.value === null)
    throw new UserError(
      `the score ${expected.metric} was not found: there are ${evaluation.results.map(({ metric }) => metric).join(", ")}`,
      `choose another metric in the recipe ${name}`,
    );
  const found = { value: row.value, standardError: row.standardError, n: row.n ?? config.samples! };
  const reproduction: Reproduction = {
    recipe: name,
    title: recipe.title,
    source: recipe.source,
    notes: [...recipe.notes, ...unpinned(recipe, sampled)],
    weights: sampled.weights,
    reference,
    metric: expected.metric,
    nfe: { expected: expected.nfe, found: sampled.result.nfe },
    verdict: judged(recipe, sampled, verdictOf(recipe, found)),
    grid: sampled.grid,
    evaluation,
  };
  await writeJson(join(folder, "reproduction.json"), reproduction);
  return reproduction;
}

/** Other weights or another number of calls are another experiment, whatever the score. */
function judged(
  { checkpoint, expected }: Recipe,
  { weights, result }: SampledEntry,
  verdict: Verdict,
): Verdict {
  const status = "not comparable";
  if (checkpoint.sha256 !== null && checkpoint.sha256 !== weights.sha256)
    return { ...verdict, status, reason: `the weights are not the published ones, by their sha256` };
  if (result.nfe !== expected.nfe)
    return { ...verdict, status, reason: `${result.nfe} network calls an image, not ${expected.nfe}` };
  return verdict;
}

const unpinned = ({ checkpoint }: Recipe, { weights }: SampledEntry): string[] =>
  checkpoint.sha256 === null
    ? [`nobody has published the checkpoint's sha256: what was sampled has ${weights.sha256}`]
    : [];

const extractorOptions = ({ features, convention }: Recipe): Record<string, unknown> =>
  features === "inception" && convention !== null ? { as: convention } : {};

/** The config that the recipe stands for; `epg-bench run` could be given it, were its data here. */
async function configOf({
  name,
  recipe,
  weights,
  samples,
  threads,
  progress,
}: ReproductionRequest): Promise<ResolvedConfig> {
  const source = `the recipe ${name}`;
  const { model, data, labels, seed } = recipe;
  const checked = checkConfig(
    {
      dataset: { kind: "dataset", plugin: "announced", options: data },
      backend: { kind: "backend", plugin: "onnxruntime", options: { threads } },
      entries: {
        [name]: {
          kind: "model",
          plugin: model.plugin,
          options: { ...model.options, weights: { file: await checkpointOf(recipe, weights, progress) } },
        },
      },
      labels,
      seed,
      samples: samples ?? recipe.samples,
      // As the field has it on ImageNet: the published statistics are the training set's.
      scoreAgainst: "train",
    },
    source,
  );
  const config = { ...checked, name, file: null, baseFolder: process.cwd() };
  await checkPlugins(config, source);
  return config;
}

/** The file that is given, else the recipe's in the user's cache, fetched where it is not there yet. */
async function checkpointOf(
  { checkpoint }: Recipe,
  given: string | null,
  progress: DownloadContext & { note(line: string): void },
): Promise<string> {
  if (given !== null) return resolve(given);
  const { url, sha256, file } = checkpoint;
  const to = join(weightsFolder(), file);
  if (url === null && !existsSync(to))
    throw new UserError(`the checkpoint ${file} is not at ${to}`, "name its file with --weights");
  const { path, notes } = await fetchFile(
    { urls: url === null ? [] : [url], to, sha256, bytes: null },
    progress,
  );
  for (const note of notes) progress.note(note);
  return path;
}

/** A file of another network is refused now, not after a reference was fetched. */
async function requireWeights(config: ResolvedConfig, { title }: Recipe, name: string): Promise<void> {
  const task = taskOf(config, await openDataset(config, cacheFolder()));
  const { model, options } = await openModel(config, config.entries[name]!, name);
  for (const { file, open } of model.pretrained?.(options) ?? [])
    await fittingPart(open, resolve(config.baseFolder, file), task).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`--${error.message}`, `give the checkpoint of ${title}`);
    });
}

async function requireReference(reference: string): Promise<void> {
  const { images, features } = await openReference(reference);
  await Promise.all([images?.close(), features?.close()]);
}

/** Weights of the extractor that are missing are missed now, not after hours of sampling. */
async function requireFeatures(recipe: Recipe): Promise<void> {
  const baseFolder = process.cwd();
  const plugin = await loadPlugin("features", recipe.features, baseFolder);
  const descriptor = {
    kind: "features",
    plugin: recipe.features,
    options: extractorOptions(recipe),
  } as const;
  await plugin.identity?.(parseOptions(plugin, descriptor, ["features"], "the recipe"), { baseFolder });
}
