/**
 * The plan: which stages there are, how many steps each gets, and the content address of every piece of work.
 * Nothing of it has run yet.
 */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Backend, Dataset, Descriptor, Model, Stage, Task } from "../plugin.ts";
import { bytesOf } from "../program/index.ts";
import { type CodeHashes, hashOf, modelCode, programHash, scoreIdentity, scoringCode } from "./identity.ts";
import { extractorIdentity, openModel, taskOf } from "./open.ts";
import { slug } from "./pictures.ts";
import { type PretrainedFile, pretrainedFiles, type WeightsSource } from "./pretrained.ts";
import { REFERENCE_POINTS, UNTRAINED } from "./reference-points.ts";
import type { SettledConfig } from "./settle.ts";

export interface PlannedStage {
  readonly key: string;
  readonly folder: string;
  /** Key without the seed: what two training seeds of one recipe share. */
  readonly recipe: string;
  readonly model: Descriptor<"model">;
  /** "pre-training" */
  readonly name: string;
  /** First entry that needs it. */
  readonly entry: string;
  /** What it starts from. */
  readonly previous: WeightsSource;
  /** What its pictures are sampled with beside its own weights and those it starts from. */
  readonly beside: WeightsSource;
  readonly steps: number;
  readonly batchSize: number;
  readonly macs: number;
  readonly flops: number;
  readonly parameters: number;
  /** Bytes of weights, moments and averages. */
  readonly stateBytes: number;
  /** Bytes of all that one step computes, were nothing freed. */
  readonly activationBytes: number;
  readonly preparationFlops: number;
  readonly code: CodeHashes;
  /** Folder of the pictures taken while it trains: those its first entry asks for, by its sampler. */
  readonly film: string;
}

export interface PlannedEntry {
  readonly name: string;
  readonly model: Descriptor<"model">;
  readonly title: string;
  /** In order of training; none where it samples from weights made elsewhere alone. */
  readonly stages: readonly PlannedStage[];
  /** Files in place of stages. */
  readonly pretrained: readonly PretrainedFile[];
  readonly reconstructs: boolean;
  readonly deviations: readonly string[];
  /** Of the samples: weights, sampler, seeds, labels, how many. */
  readonly samplesKey: string;
  readonly code: CodeHashes;
  /** Folder of the pictures of its last stage that this entry's sampler would take; null where none trains. */
  readonly film: string | null;
  readonly trainFlops: number;
}

/** What is trained and sampled. */
export interface EntriesPlan {
  readonly task: Task;
  /** Distinct stages in an order in which each follows those it starts from. */
  readonly stages: readonly PlannedStage[];
  readonly entries: readonly PlannedEntry[];
  readonly backendIdentity: string;
}

export interface Plan extends EntriesPlan {
  /** What all scores have in common. */
  readonly scoreIdentity: string;
}

export async function makePlan(
  config: SettledConfig,
  dataset: Dataset,
  backend: Backend,
  cache: string,
): Promise<Plan> {
  const plan = await planEntries(config, dataset, backend, cache);
  const code = await scoringCode(config);
  const weights = await extractorIdentity(config);
  return { ...plan, scoreIdentity: scoreIdentity(config, dataset, plan.backendIdentity, code, weights) };
}

export async function planEntries(
  config: SettledConfig,
  dataset: Dataset,
  backend: Backend,
  cache: string,
): Promise<EntriesPlan> {
  const task = taskOf(config, dataset);
  const backendIdentity = hashOf([
    backend.name,
    backend.version,
    backend.device,
    backend.precision,
    backend.threads,
  ]);
  refuseClashes(Object.keys(config.entries));
  const stages = new Map<string, PlannedStage>();
  const entries: PlannedEntry[] = [];
  for (const [name, descriptor] of Object.entries(config.entries)) {
    const { model, options } = await openModel(config, descriptor, name);
    const code = await modelCode(config, descriptor);
    const pretrained = await pretrainedFiles(config, model, options, task);
    const planned = planStages(
      { config, dataset, task, name, descriptor, model, pretrained, code, backendIdentity, cache },
      model.stages(options, task),
    );
    for (const stage of planned) stages.set(stage.key, stages.get(stage.key) ?? stage);
    entries.push({
      name,
      model: descriptor,
      title: model.name,
      stages: planned.map(({ key }) => stages.get(key)!),
      pretrained,
      reconstructs: model.reconstructor !== undefined,
      deviations: model.deviations(options, task),
      samplesKey: hashOf([
        planned.map(({ key }) => key),
        pretrained.map(contentOf),
        descriptor.options,
        code,
        seedsHash(config),
        backendIdentity,
      ]),
      code,
      film: planned.at(-1)?.film ?? null,
      trainFlops: planned.reduce(
        (total, { steps, flops, preparationFlops }) => total + steps * flops + preparationFlops,
        0,
      ),
    });
  }
  return { task, stages: [...stages.values()], entries, backendIdentity };
}

/** What is the same wherever the file lies. */
const contentOf = ({ stage, sha256, part }: PretrainedFile) => ({ stage, sha256, part });

/** Entries are told apart by name in the result and by a short form of it in file names. */
function refuseClashes(names: readonly string[]): void {
  const taken = new Map([...REFERENCE_POINTS, UNTRAINED].map(({ name }) => [slug(name), name]));
  for (const name of names.flatMap((entry) => [entry, reconstructionName(entry)])) {
    const other = taken.get(slug(name));
    if (other !== undefined)
      throw new UserError(
        `entries: "${name}" and "${other}" would share the file name "${slug(name)}"`,
        "give the entries names that differ in letters or digits",
      );
    taken.set(slug(name), name);
  }
}

/** The row of a model's autoencoder. */
export const reconstructionName = (entry: string): string => `${entry}: reconstruction`;

/** Equal hashes: the same seeds with the same labels, so that results can be paired. */
export const seedsHash = ({ seed, samples, labels, unconditional }: SettledConfig): string =>
  hashOf(["seeds", seed, samples, labels, unconditional]);

interface Planning {
  readonly config: SettledConfig;
  readonly dataset: Dataset;
  readonly task: Task;
  readonly name: string;
  readonly descriptor: Descriptor<"model">;
  readonly model: Model;
  readonly pretrained: readonly PretrainedFile[];
  readonly code: CodeHashes;
  readonly backendIdentity: string;
  readonly cache: string;
}

function planStages(planning: Planning, stages: readonly Stage[]): PlannedStage[] {
  const {
    config,
    dataset,
    name: entry,
    descriptor,
    model,
    pretrained,
    code,
    backendIdentity,
    cache,
  } = planning;
  const planned: PlannedStage[] = [];
  for (const stage of stages) {
    const before = planned.filter(({ name }) => stage.after.includes(name));
    const files = pretrained.filter((file) => stage.after.includes(file.stage));
    const others = planned.filter((one) => !before.includes(one));
    const otherFiles = pretrained.filter((one) => !files.includes(one));
    const besideKeys = [...others.map((other) => other.key), ...otherFiles.map(contentOf)];
    const { macs, flops, parameters, activationBytes, states } = stage.program;
    const preparationFlops = stage.preparationCost?.(dataset.train.length).flops ?? 0;
    const steps = stage.steps ?? derivedSteps(planning, stage, preparationFlops);
    const recipe = hashOf({
      model: model.name,
      stage: stage.name,
      program: programHash(stage.program),
      code,
      identity: stage.identity,
      steps,
      batchSize: stage.batchSize,
      data: dataset.train.identity,
      backend: backendIdentity,
      after: [...before.map((earlier) => earlier.recipe), ...files.map(contentOf)],
    });
    const key = hashOf([recipe, config.seed]);
    const folder = join(cache, "train", key);
    planned.push({
      key,
      folder,
      recipe,
      model: descriptor,
      name: stage.name,
      entry,
      previous: { stages: foldersOf(before), pretrained: files },
      beside: { stages: foldersOf(others), pretrained: otherFiles },
      steps,
      batchSize: stage.batchSize,
      macs,
      flops,
      parameters,
      stateBytes: states.reduce((sum, { value }) => sum + bytesOf(value), 0),
      activationBytes,
      preparationFlops,
      code,
      film: join(folder, `film-${filmKey(config, descriptor, besideKeys)}`),
    });
  }
  return planned;
}

const foldersOf = (stages: readonly PlannedStage[]): WeightsSource["stages"] =>
  Object.fromEntries(stages.map(({ name, folder }) => [name, folder]));

/** What the pictures of a stage depend on beside the stage: how often they are taken, and how and with what they are sampled. */
const filmKey = (
  { checkpoints, labels, unconditional }: SettledConfig,
  { options }: Descriptor<"model">,
  beside: readonly unknown[],
): string => hashOf([checkpoints, labels, unconditional, options, beside]).slice(0, 16);

/** Steps for a stage's share of the entry's training FLOPs, work before the first step included. */
function derivedSteps({ config, name }: Planning, stage: Stage, preparationFlops: number): number {
  if (config.budget === null)
    throw new UserError(
      `entries.${name}: stage "${stage.name}" has no number of steps and there is no budget`,
      "set budget: { trainingFlops: … } in the config, or the stage's steps in the entry's options",
    );
  const flops = config.budget.trainingFlops * stage.share - preparationFlops;
  const steps = Math.round(flops / stage.program.flops);
  if (steps < 1)
    throw new UserError(
      `budget.trainingFlops: ${config.budget.trainingFlops} leaves no step for stage "${stage.name}" of entry "${name}", whose step takes ${stage.program.flops} FLOPs`,
      "raise the budget or choose a smaller model",
    );
  return steps;
}
