/** What a published model costs by our count of it, beside what was published. */

import type { ResolvedConfig } from "../config/index.ts";
import { checkConfig, checkPlugins } from "../config/resolve.ts";
import { UserError } from "../errors.ts";
import { NOT_MEASURED } from "../measure/ledger.ts";
import { type PublishedResult, published } from "../references/published.ts";
import { suggestion } from "../suggest.ts";
import { type EntryCost, entryCosts, type TrainingLine } from "./entry-cost.ts";
import { MODELS, type NamedModel } from "./models.ts";

export interface NamedCost extends EntryCost {
  readonly title: string;
  readonly published: PublishedResult;
  readonly notes: readonly string[];
}

export const modelNames = (): readonly string[] => Object.keys(MODELS);

function findModel(name: string): NamedModel {
  if (Object.hasOwn(MODELS, name)) return MODELS[name]!;
  throw new UserError(
    `there is no model ${JSON.stringify(name)}`,
    `${suggestion(name, modelNames())}; or give a config: -c FILE`,
  );
}

/** Traced once: models share an autoencoder. */
const counted = new Map<string, Promise<NamedCost>>();

/** @throws UserError for a name that is not known */
export function namedCost(name: string): Promise<NamedCost> {
  const known = counted.get(name) ?? countedCost(name);
  counted.set(name, known);
  return known;
}

async function countedCost(name: string): Promise<NamedCost> {
  const { title, published: id, notes, training } = findModel(name);
  const [cost] = (await entryCosts(await configOf(name))) as [EntryCost];
  return {
    ...cost,
    title,
    notes,
    training: training ? await trainingOf(name, cost) : [],
    published: published().results.find((row) => row.id === id)!,
  };
}

/** The autoencoder's lines first, whichever model's it is. */
async function trainingOf(name: string, cost: EntryCost): Promise<TrainingLine[]> {
  const { autoencoderOf, decoderTuning } = findModel(name);
  const isAutoencoder = ({ autoencoder }: TrainingLine): boolean => autoencoder === true;
  const rest = cost.training.filter((line) => !isAutoencoder(line));
  if (autoencoderOf !== undefined) {
    const lines = (await namedCost(autoencoderOf)).training.filter(isAutoencoder);
    return [...lines.map((line) => ({ ...line, entries: [name] })), ...rest];
  }
  const tuned = decoderTuning ? [tuningLine(cost, decoderTuning)] : [];
  return [...cost.training.filter(isAutoencoder), ...tuned, ...rest];
}

/** Forward passes of both halves; back through the decoder alone, which is twice its forward pass. */
function tuningLine(
  { name, training, sampling }: EntryCost,
  { steps, batchSize }: NonNullable<NamedModel["decoderTuning"]>,
): TrainingLine {
  const encoder = training.find(({ kind }) => kind === "encoding")!;
  const decoder = sampling.find(({ kind }) => kind === "decoding")!;
  const images = steps * batchSize;
  const work = (of: "macs" | "flops", decodings: number): number =>
    images * (encoder[of] / encoder.images + (decodings * decoder[of]) / decoder.images);
  return {
    stage: "VAE: decoder tuning",
    entries: [name],
    kind: "training",
    steps,
    images,
    batchSize,
    macs: work("macs", 3),
    flops: work("flops", 3),
    forwardMacs: work("macs", 1),
    recomputedMacs: 0,
    memory: null,
    parameters: decoder.parameters,
    autoencoder: true,
    ...NOT_MEASURED,
    cached: false,
  };
}

async function configOf(name: string): Promise<ResolvedConfig> {
  const { model, resolution } = findModel(name);
  const source = `the model ${name}`;
  const data = { title: "ImageNet-1K", resolution, classes: 1000, train: 1_281_167 };
  const checked = checkConfig(
    {
      dataset: { kind: "dataset", plugin: "announced", options: data },
      entries: { [name]: { kind: "model", ...model } },
      samples: 50_000,
      scoreAgainst: "train",
    },
    source,
  );
  const config = { ...checked, name, file: null, baseFolder: process.cwd() };
  await checkPlugins(config, source);
  return config;
}
