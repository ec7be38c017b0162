/** Taking what an entry samples from out of a run: its network's weights, with what they came from beside them. */
import { resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import { packageVersion } from "../package-root.ts";
import type { Dataset, ExportedNetwork } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { suggestion } from "../suggest.ts";
import { cacheFolder } from "./folder.ts";
import { weightsOf } from "./found.ts";
import { readBeginning } from "./journal.ts";
import { openBackend, openDataset, openModel } from "./open.ts";
import { type PlannedEntry, planEntries } from "./plan.ts";
import { weightsFrom } from "./pretrained.ts";
import { settled } from "./settle.ts";
import { readStored } from "./store.ts";

export interface ExportRequest {
  readonly config: ResolvedConfig;
  /** The run's, whose cache is looked in; null: that of the folder one stands in. */
  readonly run: string | null;
  readonly entry: string;
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

/** @throws UserError where there is no such entry or network, or it is not trained */
export async function exportedNetwork(request: ExportRequest): Promise<Exported> {
  const { entry, batchSize } = request;
  const cache = request.run === null ? cacheFolder() : (await readBeginning(resolve(request.run))).cache;
  const dataset = await openDataset(request.config, cache);
  const { config } = settled(request.config, dataset);
  const plan = await planEntries(config, dataset, await openBackend(config), cache);
  const planned = plan.entries.find(({ name }) => name === entry);
  if (!planned) throw unknown("entry", entry, Object.keys(config.entries));
  const { model, options } = await openModel(config, planned.model, entry);
  const networks = model.exported?.(options, plan.task, batchSize) ?? {};
  const names = Object.keys(networks);
  if (names.length === 0)
    throw new UserError(`model "${model.name}" has no network to be taken out`, "name an entry of epg's");
  const name = request.network ?? names[0]!;
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (!network) throw unknown("network", name, names);
  await requireTrained(planned);
  const handedOn = (await weightsFrom(weightsOf(planned), { model, options, task: plan.task }))[
    network.stage
  ]!;
  return {
    network,
    weights: Object.fromEntries(network.program.states.map((state) => [state.name, handedOn[state.name]!])),
    metadata: {
      // What a file made elsewhere is, it alone can tell.
      ...(isMadeElsewhere(planned, network) ? {} : { part: network.role }),
      model: JSON.stringify(planned.model),
      task: JSON.stringify(plan.task),
      provenance: JSON.stringify(await provenance(request, planned, dataset)),
      ...network.conventions,
    },
  };
}

const isMadeElsewhere = ({ pretrained }: PlannedEntry, { stage }: ExportedNetwork): boolean =>
  pretrained.some((file) => file.stage === stage);

const unknown = (what: string, name: string, known: readonly string[]): UserError =>
  new UserError(`there is no ${what} "${name}"`, suggestion(name, known));

async function requireTrained({ name, stages }: PlannedEntry): Promise<void> {
  for (const stage of stages)
    if (!(await readStored(stage.folder)))
      throw new UserError(
        `entry "${name}": its stage "${stage.name}" is not in the cache as config, data and code are now`,
        "train it by `epg-bench run` with this config, or go on with its run by --resume",
      );
}

async function provenance(
  { config, command }: ExportRequest,
  { stages, pretrained }: PlannedEntry,
  { name, identity, classes }: Dataset,
) {
  const trained = await Promise.all(
    stages.map(async ({ name: stage, steps, batchSize, recipe, folder }) => {
      const stored = await readStored<{ weightsSha256: string }>(folder);
      return { stage, steps, batchSize, recipe, weightsSha256: stored!.value.weightsSha256 };
    }),
  );
  return {
    tool: `epg-bench ${packageVersion()}`,
    command,
    config: config.name,
    seed: config.seed,
    data: { name, identity, classes },
    ...(pretrained.length > 0
      ? { pretrained: pretrained.map(({ stage, sha256, part }) => ({ stage, sha256, part })) }
      : {}),
    ...(trained.length > 0 ? { stages: trained } : {}),
  };
}
