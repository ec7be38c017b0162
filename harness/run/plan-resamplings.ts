/** An entry's weights sampled again, nothing trained: at every number of calls, without guidance and with the best of some scales. */
import { parseOptions } from "../config/plugins.ts";
import type { Dataset, Descriptor, Model, SamplingTerms, Task } from "../plugin.ts";
import { type PretrainedFile, withContents } from "./pretrained.ts";
import { samplesKey, seedsHash, trialSeedsHash, type WeightsIdentity } from "./samples-key.ts";
import type { SettledConfig } from "./settle.ts";

/** "matched" is guided; both are on the same terms for every entry. */
type TermsKind = "unguided" | "matched";

export interface PlannedResampling {
  /** Of its row: "EPG: matched, 31 calls". */
  readonly name: string;
  readonly kind: TermsKind;
  /** Network calls an image that it may make. */
  readonly calls: number;
  /** Where there are several, trials choose. */
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  /** Scale; null: none. */
  readonly guidance: number | null;
  readonly model: Descriptor<"model">;
  readonly pretrained: readonly PretrainedFile[];
  readonly samplesKey: string;
  readonly trialKey: string;
}

/** What decides how an entry can be sampled again. */
interface Sampled {
  readonly config: SettledConfig;
  readonly task: Task;
  readonly name: string;
  readonly descriptor: Descriptor<"model">;
  readonly model: Model;
  readonly options: never;
}

/** Nothing of it has an address yet. */
export interface ProposedResampling extends Omit<PlannedResampling, "candidates"> {
  readonly candidates: readonly Proposal[];
}

interface Proposal extends Pick<Candidate, "guidance" | "model"> {
  /** Of `model`, parsed. */
  readonly options: never;
}

interface Resampled extends Sampled {
  readonly dataset: Pick<Dataset, "train">;
  /** All that the entry names. */
  readonly files: readonly PretrainedFile[];
  readonly identity: WeightsIdentity;
}

export interface Resamplings<One> {
  /** In order of calls. */
  readonly rows: readonly One[];
  /** Why there is no matched row; null: there is one, or nothing is compared. */
  readonly unmatched: string | null;
}

/** None without `comparison` in the config, or where the model has no other sampling. */
export async function planResamplings(entry: Resampled): Promise<Resamplings<PlannedResampling>> {
  const { rows, unmatched } = await proposeResamplings(entry);
  const addressedRow = (one: ProposedResampling): PlannedResampling => ({
    ...one,
    candidates: one.candidates.map((proposal) => addressed(entry, proposal)),
  });
  return { rows: rows.map(addressedRow), unmatched };
}

/** @throws UserError where the options that a plugin gives are not its own */
export async function proposeResamplings(entry: Sampled): Promise<Resamplings<ProposedResampling>> {
  const { comparison } = entry.config;
  if (!comparison) return { rows: [], unmatched: null };
  const rows: ProposedResampling[] = [];
  let why = "the comparison names no guidance scale";
  for (const calls of [...comparison.calls].sort((a, b) => a - b))
    for (const [kind, scales] of [
      ["unguided", [null]],
      ["matched", comparison.guidance],
    ] as const) {
      const candidates: Proposal[] = [];
      for (const guidance of scales) {
        const proposed = await proposalOf(entry, { calls, guidance });
        if (typeof proposed !== "string") candidates.push(proposed);
        else if (kind === "matched") why = proposed;
      }
      // Every entry has as many trials, or no guided row.
      if (candidates.length > 0 && candidates.length === scales.length)
        rows.push({ name: resamplingName(entry.name, kind, calls), kind, calls, candidates });
    }
  return { rows, unmatched: rows.some(({ kind }) => kind === "matched") ? null : why };
}

const resamplingName = (entry: string, kind: TermsKind, calls: number): string =>
  `${entry}: ${kind}, ${calls} ${calls === 1 ? "call" : "calls"}`;

/** Or why there is none. */
async function proposalOf(
  { config, task, name, descriptor, model, options }: Sampled,
  terms: SamplingTerms,
): Promise<Proposal | string> {
  const changed = await model.resampled?.(options, task, terms, config);
  if (changed === undefined) return `the model "${model.name}" has one way of sampling alone`;
  if (typeof changed === "string") return changed;
  const other: Descriptor<"model"> = { ...descriptor, options: { ...descriptor.options, ...changed } };
  const source = `the options of "${model.name}" for ${terms.calls} calls`;
  const parsed = parseOptions(model, other, ["entries", name], source);
  return { guidance: terms.guidance, model: other, options: parsed };
}

function addressed(entry: Resampled, { guidance, model: other, options }: Proposal): Candidate {
  const { config, dataset, model, identity } = entry;
  const named = new Set(model.pretrained?.(options).map(({ stage }) => stage));
  // Unguided, autoguidance's network is not read.
  const files = entry.files.filter(({ stage, judges }) => named.has(stage) && !judges);
  const settings = withContents(other.options, entry.files, config.baseFolder);
  const trials = config.comparison!.validationSamples;
  return {
    guidance,
    model: other,
    pretrained: files,
    samplesKey: samplesKey(identity, files, settings, seedsHash(config, dataset)),
    trialKey: samplesKey(identity, files, settings, trialSeedsHash(config, trials, dataset)),
  };
}
