/** The stages of one entry: steps, cost, what they start from, and their content addresses. */
import { join } from "node:path";
import type { Dataset, Descriptor, Model, Stage, Task } from "../plugin.ts";
import { type CodeHashes, hashOf, programHash } from "./identity.ts";
import type { PretrainedFile, Settings, WeightsSource } from "./pretrained.ts";
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
  /** What it starts from. */
  readonly previous: WeightsSource;
  /** What its pictures are sampled with beside its own weights and those it starts from. */
  readonly beside: WeightsSource;
  /** Bytes of all that one step computes, were nothing freed. */
  readonly activationBytes: number;
  readonly code: CodeHashes;
  /** Folder of the pictures taken while it trains: those its first entry asks for, by its sampler. */
  readonly film: string;
}

/** What is the same wherever the file lies. */
export const contentOf = ({ stage, sha256, part }: PretrainedFile) => ({ stage, sha256, part });

export interface Planning {
  readonly config: SettledConfig;
  readonly dataset: Dataset;
  readonly task: Task;
  readonly name: string;
  readonly descriptor: Descriptor<"model">;
  /** The options, files by their content. */
  readonly settings: Settings;
  readonly model: Model;
  readonly pretrained: readonly PretrainedFile[];
  readonly code: CodeHashes;
  readonly backendIdentity: string;
  readonly cache: string;
}

export function planStages(planning: Planning, stages: readonly Stage[]): PlannedStage[] {
  const {
    config,
    dataset,
    name: entry,
    descriptor,
    settings,
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
    const { activationBytes } = stage.program;
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
      after: [...before.map((earlier) => earlier.recipe), ...files.map(contentOf)],
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
      previous: { stages: foldersOf(before), pretrained: files },
      beside: { stages: foldersOf(others), pretrained: otherFiles },
      activationBytes,
      code,
      film: join(folder, `film-${filmKey(config, settings, besideKeys)}`),
    });
  }
  return planned;
}

const foldersOf = (stages: readonly PlannedStage[]): WeightsSource["stages"] =>
  Object.fromEntries(stages.map(({ name, folder }) => [name, folder]));

/** What the pictures of a stage depend on beside the stage: how often they are taken, and how and with what they are sampled. */
const filmKey = (
  { checkpoints, labels, unconditional }: SettledConfig,
  settings: Settings,
  beside: readonly unknown[],
): string => hashOf([checkpoints, labels, unconditional, settings, beside]).slice(0, 16);
