/** Opening what a config names: the same in the process that plans and in the workers. */
import { join } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { fieldName } from "../config/issues.ts";
import { loadPlugin, parseOptions } from "../config/plugins.ts";
import { UserError } from "../errors.ts";
import { type Product, product } from "../linear-algebra/index.ts";
import type {
  Backend,
  Dataset,
  Descriptor,
  FeatureExtractor,
  Gathered,
  GatherHost,
  ImageSource,
  Model,
  Runtime,
  Task,
} from "../plugin.ts";
import { modelCode, scoringCode } from "./identity.ts";
import type { JobBase } from "./jobs.ts";
import { requireSameCode, requireSameData } from "./origin.ts";

export async function openDataset(config: ResolvedConfig, cache: string): Promise<Dataset> {
  const { dataset, baseFolder } = config;
  const plugin = await loadPlugin("dataset", dataset.plugin, baseFolder);
  return plugin.open(parseOptions(plugin, dataset, ["dataset"], sourceOf(config)), {
    // The images stay the same whatever the training seed: seeds are compared on one data set.
    seed: 0,
    cacheFolder: join(cache, "datasets"),
    baseFolder,
    threads: 2,
  });
}

export async function openBackend(config: ResolvedConfig): Promise<Backend> {
  const { backend, baseFolder } = config;
  const plugin = await loadPlugin("backend", backend.plugin, baseFolder);
  return plugin.open(parseOptions(plugin, backend, ["backend"], sourceOf(config)));
}

/** This machine's part in a run; null where it is the only one. */
export async function gatherMachines(config: ResolvedConfig, host: GatherHost): Promise<Gathered | null> {
  const { backend, baseFolder } = config;
  const plugin = await loadPlugin("backend", backend.plugin, baseFolder);
  return (await plugin.gather?.(parseOptions(plugin, backend, ["backend"], sourceOf(config)), host)) ?? null;
}

/** Scores are computed in float32, whatever the models are: without the option `precision`, where the backend has it. */
export function scoringPrecision<Config extends ResolvedConfig>(config: Config): Config {
  const { precision: _, ...options }: Readonly<Record<string, unknown>> = config.backend.options;
  return { ...config, backend: { ...config.backend, options } };
}

async function openExtractor(config: ResolvedConfig, runtime: Runtime): Promise<FeatureExtractor> {
  const { features, baseFolder } = config;
  const plugin = await loadPlugin("features", features.plugin, baseFolder);
  return plugin.open(parseOptions(plugin, features, ["features"], sourceOf(config)), runtime, { baseFolder });
}

/** What the extractor's features depend on outside the package and the config; null where nothing. */
export async function extractorIdentity(config: ResolvedConfig): Promise<string | null> {
  const { features, baseFolder } = config;
  const plugin = await loadPlugin("features", features.plugin, baseFolder);
  const options = parseOptions(plugin, features, ["features"], sourceOf(config));
  return (await plugin.identity?.(options, { baseFolder })) ?? null;
}

export interface OpenModel {
  readonly model: Model;
  readonly options: never;
}

export async function openModel(
  config: ResolvedConfig,
  descriptor: Descriptor<"model">,
  entry: string,
): Promise<OpenModel> {
  const model = await loadPlugin("model", descriptor.plugin, config.baseFolder);
  return { model, options: parseOptions(model, descriptor, ["entries", entry], sourceOf(config)) };
}

/** What a model's refusal begins with where it is of an option: "guidance.scale is 2, but …", "weights: …". */
const OPTION = /^[a-z]\w*(?:\.\w+)*(?=: | is )/;

/** A model does not know which entry's options it refuses. @throws UserError with the option's whole path in the config */
export async function namingEntry<Result>(entry: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [option] = OPTION.exec(error.message) ?? [];
    const at = fieldName(["entries", entry, ...(option === undefined ? [] : ["options"])]);
    throw new UserError(`${at}${option === undefined ? ": " : "."}${error.message}`, error.fix);
  }
}

/** Where the config stands, for messages. */
const sourceOf = ({ file, name }: ResolvedConfig): string => file ?? `built-in config ${name}`;

export interface OpenEntry extends OpenModel {
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly task: Task;
}

/** All that a job on one entry's model needs, each opened once. @throws UserError where it is not what the job was planned with */
export async function openEntry(
  job: Pick<JobBase, "config" | "cache" | "title" | "origin"> & { readonly model: Descriptor<"model"> },
): Promise<OpenEntry> {
  const { config, cache, title, origin, model: descriptor } = job;
  const dataset = await openDataset(config, cache);
  requireSameData(origin, dataset);
  const backend = await openBackend(config);
  const opened = await openModel(config, descriptor, title);
  // After loading it: what replaces it from now on is not what runs here.
  requireSameCode(origin, await modelCode(config, descriptor));
  return { dataset, backend, task: taskOf(config, dataset), ...opened };
}

export interface OpenScoring {
  readonly dataset: Dataset;
  readonly extractor: FeatureExtractor;
  readonly multiply: Product;
}

/** All that a job on images looks at them by. @throws UserError where it is not what the job was planned with */
export async function openScoring({
  config,
  cache,
  origin,
}: Pick<JobBase, "config" | "cache" | "origin">): Promise<OpenScoring> {
  const dataset = await openDataset(config, cache);
  requireSameData(origin, dataset);
  const backend = await openBackend(scoringPrecision(config));
  const extractor = await openExtractor(config, backend);
  requireSameCode(origin, await scoringCode(config));
  return { dataset, extractor, multiply: backend.product ?? product };
}

export const taskOf = (config: ResolvedConfig, dataset: Dataset): Task => ({
  resolution: dataset.resolution,
  classes: config.unconditional ? 0 : dataset.classes.length,
});

/** What the samples are scored against. */
export const referenceOf = (config: ResolvedConfig, dataset: Dataset): ImageSource =>
  config.scoreAgainst === "train" ? dataset.train : dataset.reference;
