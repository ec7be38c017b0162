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
import { type PretrainedFile, pretrainedFile } from "./pretrained.ts";
import { REFERENCE_POINTS, UNTRAINED } from "./reference-points.ts";
import type { SettledConfig } from "./settle.ts";
import { type StageWork, stageWork } from "./stage-work.ts";

export interface PlannedStage extends StageWork {
  readonly key: string;
  readonly folder: string;
  /** Key without the seed: what two training seeds of one recipe share. */
  readonly recipe: string;
  readonly model: Descriptor<"model">;
  /** First entry that needs it. */
  readonly entry: string;
  /** Folders of the stages it starts from, by name. */
  readonly previous: Readonly<Record<string, string>>;
  /** Bytes of weights, moments and averages. */
  readonly stateBytes: number;
  /** Bytes of all that one step computes, were nothing freed. */
  readonly activationBytes: number;
  readonly code: CodeHashes;
  /** Folder of the pictures taken while it trains: those its first entry asks for, by its sampler. */
  readonly film: string;
}

export interface PlannedEntry {
  readonly name: string;
  readonly model: Descriptor<"model">;
  readonly title: string;
  /** In order of training; none where it samples from weights made elsewhere. */
  readonly stages: readonly PlannedStage[];
  readonly pretrained: PretrainedFile | null;
  readonly reconstructs: boolean;
  /** The stage whose encoder is probed; null where none trains, or there are no classes to tell apart. */
  readonly probed: PlannedStage | null;
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
    const pretrained = await pretrainedFile(config, model, options, task);
    const planned = planStages(
      { config, dataset, task, name, descriptor, model, code, backendIdentity, cache },
      pretrained ? [] : model.stages(options, task),
    );
    for (const stage of planned) stages.set(stage.key, stages.get(stage.key) ?? stage);
    const probe = task.classes > 1 ? model.encoderProbe?.(options, task) : null;
    entries.push({
      name,
      model: descriptor,
      title: model.name,
      stages: planned.map(({ key }) => stages.get(key)!),
      pretrained,
      reconstructs: model.reconstructor !== undefined,
      probed: planned.find((stage) => stage.name === probe?.stage) ?? null,
      deviations: model.deviations(options, task),
      samplesKey: hashOf([
        pretrained ? pretrained.sha256 : planned.map(({ key }) => key),
        descriptor.options,
        code,
        seedsHash(config),
        backendIdentity,
      ]),
      code,
      film: planned.at(-1)?.film ?? null,
      trainFlops: planned.reduce(
        (total, { steps, flops, preparation }) => total + steps * flops + preparation.flops,
        0,
      ),
    });
  }
  return { task, stages: [...stages.values()], entries, backendIdentity };
}

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
  readonly code: CodeHashes;
  readonly backendIdentity: string;
  readonly cache: string;
}

function planStages(planning: Planning, stages: readonly Stage[]): PlannedStage[] {
  const { config, dataset, name: entry, descriptor, model, code, backendIdentity, cache } = planning;
  const planned: PlannedStage[] = [];
  for (const stage of stages) {
    const before = stage.after.map((needed) => planned.find(({ name }) => name === needed)!);
    const { activationBytes, states } = stage.program;
    const work = stageWork(config, dataset, entry, stage);
    const recipe = hashOf({
      model: model.name,
      stage: stage.name,
      program: programHash(stage.program),
      code,
      identity: stage.identity,
      steps: work.steps,
      batchSize: work.batchSize,
      data: dataset.train.identity,
      backend: backendIdentity,
      after: before.map((earlier) => earlier.recipe),
    });
    const key = hashOf([recipe, config.seed]);
    const folder = join(cache, "train", key);
    planned.push({
      ...work,
      key,
      folder,
      recipe,
      model: descriptor,
      entry,
      previous: Object.fromEntries(before.map(({ name, folder }) => [name, folder])),
      stateBytes: states.reduce((sum, { value }) => sum + bytesOf(value), 0),
      activationBytes,
      code,
      film: join(folder, `film-${filmKey(config, descriptor)}`),
    });
  }
  return planned;
}

/** What the pictures of a stage depend on beside the stage: how often they are taken, and how they are sampled. */
const filmKey = (
  { checkpoints, labels, unconditional }: SettledConfig,
  { options }: Descriptor<"model">,
): string => hashOf([checkpoints, labels, unconditional, options]).slice(0, 16);
