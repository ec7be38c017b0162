/**
 * The plan: which stages there are, how many steps each gets, and the content address of every piece of work.
 * Nothing of it has run yet.
 */
import { UserError } from "../errors.ts";
import type { Backend, Dataset, Descriptor, Task } from "../plugin.ts";
import { type CodeHashes, hashOf, modelCode, scoreIdentity, scoringCode } from "./identity.ts";
import { type MadeElsewhere, madeElsewhere } from "./made-elsewhere.ts";
import { requireImages } from "./made-images.ts";
import { extractorIdentity, namingEntry, openModel, taskOf } from "./open.ts";
import { slug } from "./pictures.ts";
import { type PlannedMilestone, planMilestones } from "./plan-milestones.ts";
import { type PlannedResampling, planResamplings } from "./plan-resamplings.ts";
import { type PlannedStage, planStages } from "./plan-stages.ts";
import { type PretrainedFile, pretrainedFiles, withContents } from "./pretrained.ts";
import { REFERENCE_POINTS, UNTRAINED } from "./reference-points.ts";
import { samplesKey, seedsHash } from "./samples-key.ts";
import type { SettledConfig } from "./settle.ts";
import { stageFlops } from "./stage-work.ts";

export interface PlannedEntry {
  readonly name: string;
  readonly model: Descriptor<"model">;
  readonly title: string;
  /** In order of training; none where it samples from weights made elsewhere alone. */
  readonly stages: readonly PlannedStage[];
  /** Files in place of stages. */
  readonly pretrained: readonly PretrainedFile[];
  /** What of it comes from elsewhere. */
  readonly made: MadeElsewhere;
  /** Files that reconstructions are judged by. */
  readonly judges: readonly PretrainedFile[];
  readonly reconstructs: boolean;
  /** The stage whose encoder is probed; null where none trains, or there are no classes to tell apart. */
  readonly probed: PlannedStage | null;
  readonly deviations: readonly string[];
  /** Images its sampler makes at once. */
  readonly samplingBatch: number;
  /** Of the samples: weights, sampler, seeds, labels, how many. */
  readonly samplesKey: string;
  /** Its weights sampled again, on terms that are the same for every entry. */
  readonly resamplings: readonly PlannedResampling[];
  /** Of a comparison: why no matched row is among them. */
  readonly unmatched: string | null;
  /** Its weights on the way, sampled as it is. */
  readonly milestones: readonly PlannedMilestone[];
  /** Why some that the config names are not among them. */
  readonly unreached: string | null;
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
  const stages = new Map<string, PlannedStage>();
  const entries: PlannedEntry[] = [];
  for (const [name, descriptor] of Object.entries(config.entries)) {
    const { model, options } = await openModel(config, descriptor, name);
    const code = await modelCode(config, descriptor);
    const { files, trained, made } = await namingEntry(name, async () => ({
      files: await pretrainedFiles(config, model, options, task),
      trained: model.stages(options, task),
      made: await madeElsewhere(config, model, options, task),
    }));
    if (made.images !== null)
      await namingEntry(name, () => requireImages(made.images!, config, task, dataset));
    const pretrained = files.filter(({ judges }) => !judges);
    const settings = withContents(descriptor.options, files, config.baseFolder);
    const planned = planStages(
      { config, dataset, task, name, descriptor, settings, model, pretrained, code, backendIdentity, cache },
      trained,
    );
    for (const stage of planned) stages.set(stage.key, stages.get(stage.key) ?? stage);
    const probe = task.classes > 1 ? model.encoderProbe?.(options, task) : null;
    const identity = {
      task,
      stages: planned.map(({ key }) => key),
      code,
      backend: backendIdentity,
      files: made.identity,
    };
    const entry = { config, dataset, task, name, descriptor, model, options, files, identity };
    const { rows: resamplings, unmatched } = await planResamplings(entry);
    const own = planned.map(({ key }) => stages.get(key)!);
    const samplesKeyOf = (keys: readonly string[]): string =>
      samplesKey({ ...identity, stages: keys }, pretrained, settings, seedsHash(config, dataset));
    const along = planMilestones(name, config.milestones, own, cache, samplesKeyOf);
    entries.push({
      name,
      model: descriptor,
      title: model.name,
      stages: own,
      pretrained,
      made,
      judges: files.filter(({ judges }) => judges),
      reconstructs: model.reconstructor !== undefined,
      probed: planned.find((stage) => stage.name === probe?.stage) ?? null,
      deviations: model.deviations(options, task),
      samplingBatch: Math.min(model.samplingBatchSize(options, task), config.samples),
      samplesKey: samplesKeyOf(identity.stages),
      resamplings,
      unmatched,
      milestones: along.rows,
      unreached: along.unreached,
      code,
      film: planned.at(-1)?.film ?? null,
      trainFlops: planned.reduce((total, stage) => total + stageFlops(stage), 0),
    });
  }
  refuseClashes(entries);
  return { task, stages: [...stages.values()], entries, backendIdentity };
}

/** Entries are told apart by name in the result and by a short form of it in file names. */
function refuseClashes(entries: readonly PlannedEntry[]): void {
  const taken = new Map([...REFERENCE_POINTS, UNTRAINED].map(({ name }) => [slug(name), name]));
  const names = entries.flatMap(({ name, resamplings, milestones }) => [
    name,
    reconstructionName(name),
    ...[...resamplings, ...milestones].map((one) => one.name),
  ]);
  for (const name of names) {
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
