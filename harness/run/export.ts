/** Taking what an entry samples from out of a run: its network's weights, with what they came from beside them. */
import { resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Dataset, Descriptor, ExportedNetwork, StageWeights, Task } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { nearest, suggestion } from "../suggest.ts";
import { titleOf } from "./engine.ts";
import { cacheFolder } from "./folder.ts";
import { weightsOf } from "./found.ts";
import { readBeginning, readFolders } from "./journal.ts";
import { lineageOf } from "./lineage.ts";
import { type OpenModel, openBackend, openDataset, openModel } from "./open.ts";
import { type PlannedEntry, planEntries } from "./plan.ts";
import { weightsFrom, withNames } from "./pretrained.ts";
import { provenanceOf } from "./provenance.ts";
import { settled } from "./settle.ts";
import { readStored } from "./store.ts";

export interface ExportRequest {
  readonly config: ResolvedConfig;
  /** The run's, whose cache is looked in; null: that of the folder one stands in. */
  readonly run: string | null;
  /** null: the only one. */
  readonly entry: string | null;
  /** What the model calls the network; null: the first it has. */
  readonly network: string | null;
  readonly batchSize: number;
  /** Of this export. */
  readonly command: string;
}

export interface Exported {
  readonly network: ExportedNetwork;
  /** Exactly the program's states. */
  readonly weights: Tensors;
  /** What the file says of itself: model, task and provenance are JSON. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whose it is, by their names. */
export interface Owner {
  readonly entry: string;
  readonly model: string;
}

type ExportedState = Omit<Exported, "network"> & Owner;

/** @throws UserError where there is no such entry or network, or it is not trained */
export async function exportedNetwork(request: ExportRequest): Promise<Exported & Owner> {
  const found = await findEntry(request);
  const handedOn = await readHandedOn(found);
  const network = chosenNetwork(request, found, handedOn);
  return { network, ...(await ofNetwork(request, found, network, handedOn)) };
}

/**
 * All that an entry samples from, as one file's tensors, which a config's `weights` reads; or one network's states, where it is named.
 * @throws UserError as `exportedNetwork`
 */
export async function exportedState(request: ExportRequest): Promise<ExportedState> {
  const found = await findEntry(request);
  const handedOn = await readHandedOn(found);
  const network = chosenNetwork(request, found, handedOn);
  const { stateDict } = found.model;
  if (!stateDict || request.network !== null) return ofNetwork(request, found, network, handedOn);
  const about = await aboutEntry(request, found, network);
  const metadata = { ...about, ...network.conventions };
  return { ...ownerOf(found), weights: stateDict(handedOn), metadata };
}

/** Its states, and what they came from: stages that it does not start from are none of its affair. */
async function ofNetwork(
  request: ExportRequest,
  found: FoundEntry,
  network: ExportedNetwork,
  handedOn: StageWeights,
): Promise<ExportedState> {
  const { stage, program, conventions } = network;
  const own = { ...found, planned: lineageOf(found.planned, stage) };
  return {
    ...ownerOf(found),
    weights: Object.fromEntries(program.states.map(({ name }) => [name, handedOn[stage]![name]!])),
    metadata: { ...(await aboutEntry(request, own, network)), ...conventions },
  };
}

const ownerOf = ({ planned, model }: FoundEntry): Owner => ({ entry: planned.name, model: model.name });

interface FoundEntry extends OpenModel {
  /** Its stages' folders are those that hold what they handed on. */
  readonly planned: PlannedEntry;
  /** As the config names it, without the folders that its files lie in. */
  readonly described: Descriptor<"model">;
  readonly dataset: Dataset;
  readonly task: Task;
}

async function findEntry({ config: unsettled, run, entry: asked }: ExportRequest): Promise<FoundEntry> {
  const entry = entryNamed(asked, Object.keys(unsettled.entries));
  const cache = run === null ? cacheFolder() : (await readBeginning(resolve(run))).cache;
  const dataset = await openDataset(unsettled, cache);
  const { config } = settled(unsettled, dataset);
  const { task, entries } = await planEntries(config, dataset, await openBackend(config), cache);
  const planned = entries.find(({ name }) => name === entry)!;
  const opened = await openModel(config, planned.model, entry);
  const files = [...planned.pretrained, ...planned.judges];
  const described = { ...planned.model, options: withNames(planned.model.options, files, config.baseFolder) };
  return { ...opened, planned: await located(planned, run), described, dataset, task };
}

function chosenNetwork(
  { network: asked, batchSize }: ExportRequest,
  { model, options, task }: FoundEntry,
  handedOn: StageWeights,
): ExportedNetwork {
  const networks = model.exported?.(options, task, batchSize, handedOn) ?? {};
  const names = Object.keys(networks);
  if (names.length === 0)
    throw new UserError(
      `model "${model.name}" has no network to be taken out`,
      "name an entry of epg's or latent's",
    );
  const name = asked ?? names[0]!;
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (!network) throw new UserError(`there is no network "${name}"`, suggestion(name, names));
  return network;
}

const readHandedOn = ({ planned, ...opened }: FoundEntry): Promise<StageWeights> =>
  weightsFrom(weightsOf(planned), opened);

async function aboutEntry(
  { config, run, command }: ExportRequest,
  { planned, described, task, dataset }: FoundEntry,
  network: ExportedNetwork,
): Promise<Record<string, string>> {
  const provenance = await provenanceOf({ config, run, command, planned, dataset });
  return {
    // What a file made elsewhere is, it alone can tell.
    ...(isMadeElsewhere(planned, network) ? {} : { part: network.role }),
    model: JSON.stringify(described),
    task: JSON.stringify(task),
    provenance: JSON.stringify(provenance),
  };
}

/**
 * Stages with the folders of what they handed on: what the run trained, by whatever code, where one is named; else what
 * code, config and data of today would.
 */
async function located(planned: PlannedEntry, run: string | null): Promise<PlannedEntry> {
  const folders = run === null ? new Map<string, string>() : await readFolders(resolve(run));
  const stages = planned.stages.map((stage) => ({
    ...stage,
    folder: folders.get(titleOf(stage)) ?? stage.folder,
  }));
  for (const { folder, name } of stages)
    if (!(await readStored(folder)))
      throw new UserError(
        `entry "${planned.name}": its stage "${name}" is not in the cache as config, data and code are now`,
        "train it by `epg-bench run` with this config, or go on with its run by --resume",
      );
  return { ...planned, stages };
}

const isMadeElsewhere = ({ pretrained }: PlannedEntry, { stage }: ExportedNetwork): boolean =>
  pretrained.some((file) => file.stage === stage);

/** @throws UserError, which lists the entries, for one that is not there, or none named of several */
function entryNamed(asked: string | null, names: readonly string[]): string {
  const [only] = names;
  const name = asked ?? (names.length === 1 ? only : undefined);
  if (name !== undefined && names.includes(name)) return name;
  const all = names.map((one) => JSON.stringify(one)).join(", ");
  const near = name === undefined ? undefined : nearest(name, names);
  throw new UserError(
    name === undefined
      ? `there are ${names.length} entries, and none is named`
      : `there is no entry "${name}"`,
    `${near === undefined ? "name one" : `did you mean ${JSON.stringify(near)}?`} (of ${all})`,
  );
}
