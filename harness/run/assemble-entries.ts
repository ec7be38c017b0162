/** Entries of a result: what each is, how it ended, and what of it lies in the run folder. */
import { basename } from "node:path";
import type { ResultEntry } from "../result.ts";
import { milestoneEntries } from "./assemble-milestones.ts";
import { resampledEntries } from "./assemble-resamplings.ts";
import type { FoundEntry, FoundPoint } from "./found.ts";
import { hashOf } from "./identity.ts";
import { isTrained } from "./match-sentence.ts";
import { type PlannedEntry, reconstructionName } from "./plan.ts";
import { describePretrained, distinctFiles } from "./pretrained.ts";
import { toldLines } from "./told-lines.ts";

/** A model's own, those it is sampled again as and on the way, and its autoencoder's. */
export function modelEntries(entry: FoundEntry, seeds: string): ResultEntry[] {
  const { planned, sampling, failure, pictures, reconstruction } = entry;
  const { pretrained, stages, made } = planned;
  const elsewhere = pretrained.length > 0 ? [describePretrained(pretrained)] : [];
  const common = {
    weights: isTrained(entry)
      ? weightsHash(
          planned,
          entry.training.map(({ result }) => result.weightsSha256),
        )
      : null,
    recipe: planned.stages.at(-1)?.recipe ?? null,
    seeds: made.images === null ? seeds : null,
  };
  const model: ResultEntry = {
    name: planned.name,
    kind: "model",
    description: `${planned.title}: ${[
      ...(stages.length > 0
        ? [stages.map(({ name, steps }) => `${name} (${steps} steps)`).join(", then ")]
        : []),
      ...elsewhere,
      ...(made.elsewhere ? ["not trained here; its networks are not counted here"] : []),
    ].join(". ")}`,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: sampling ? { ...sampling.result.description } : {},
    deviations: [...elsewhere.map((sentence) => `${sentence}.`), ...planned.deviations],
    n: sampling?.result.n ?? 0,
    ...common,
    ...pictures,
    filmSteps: [...pictures.filmSteps],
  };
  const own = {
    ...model,
    ...(pretrained.length > 0 && { pretrained: pretrainedLines(entry) }),
    ...(planned.unmatched !== null && { unmatched: planned.unmatched }),
  };
  const again = [
    ...resampledEntries(model, entry),
    ...milestoneEntries(model, entry, (trained) => weightsHash(planned, trained)),
  ];
  if (!reconstruction) return [own, ...again];
  return [
    own,
    ...again,
    {
      ...model,
      name: reconstructionName(planned.name),
      kind: "reconstruction",
      description: "held-out images through its autoencoder and back",
      sampling: {},
      deviations: [],
      n: reconstruction.measured.n,
      seeds: null,
      ...reconstruction.pictures,
      filmSteps: [],
    },
  ];
}

/** A training of this run has ledger lines, though a file may tell of it too. */
const pretrainedLines = ({ planned, training }: FoundEntry): NonNullable<ResultEntry["pretrained"]> =>
  toldLines(
    planned.pretrained.map(({ path, ...file }) => ({ ...file, file: basename(path) })),
    training.map(({ result }) => result.weightsSha256),
  ).map(({ kind: _, macs: __, ...line }) => line);

/** Of what it samples from: a file's own, or a hash over all that was trained and named. @param trained sha256 a stage */
function weightsHash({ pretrained, stages, made }: PlannedEntry, trained: readonly string[]): string {
  if (made.identity !== null) return made.identity;
  const files = distinctFiles(pretrained).map(({ sha256 }) => sha256);
  return stages.length === 0 && files.length === 1 ? files[0]! : hashOf([...trained, ...files]);
}

/** A yardstick's. */
export function pointEntry({ name, description, score, failure, pictures }: FoundPoint): ResultEntry {
  return {
    name,
    kind: "reference-point",
    description,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: {},
    deviations: [],
    n: score?.n ?? 0,
    weights: null,
    recipe: null,
    seeds: null,
    ...pictures,
    filmSteps: [],
  };
}
