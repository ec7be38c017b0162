/** What exported weights came from, written into their file and read out of it again. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import type { ResolvedConfig } from "../config/index.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { packageVersion } from "../package-root.ts";
import type { Dataset } from "../plugin.ts";
import type { Result } from "../result.ts";
import { withoutFolders } from "./command-line.ts";
import type { TrainResult } from "./jobs.ts";
import { readBeginning } from "./journal.ts";
import type { PlannedEntry } from "./plan.ts";
import { readStored } from "./store.ts";

interface Source {
  readonly config: ResolvedConfig;
  readonly run: string | null;
  /** Of the export. */
  readonly command: string;
  /** With the folders its stages' results lie in. */
  readonly planned: PlannedEntry;
  readonly dataset: Dataset;
}

export async function provenanceOf({ config, run, command, planned, dataset }: Source) {
  const { pretrained } = planned;
  return {
    tool: `epg-bench ${packageVersion()}`,
    commands: [...(run === null ? [] : [(await readBeginning(resolve(run))).command]), command].map(
      withoutFolders,
    ),
    config: config.name,
    seed: config.seed,
    data: {
      name: dataset.name,
      identity: dataset.identity,
      classes: dataset.classes,
      trainingImages: dataset.train.length,
    },
    ...(run === null ? {} : await madeBy(resolve(run))),
    ...(pretrained.length > 0
      ? {
          pretrained: pretrained.map(({ stage, sha256, part, told }) => ({
            stage,
            sha256,
            part,
            training: told,
          })),
        }
      : {}),
    ...(planned.stages.length > 0 ? await trainingOf(planned) : {}),
  };
}

async function madeBy(run: string) {
  const env = JSON.parse(await readFile(join(run, "env.json"), "utf8")) as Result["env"];
  const { backend, device, precision, threads } = env;
  return { trainedOn: { backend, device, precision, threads } };
}

async function trainingOf({ stages }: PlannedEntry) {
  const trained = await Promise.all(
    stages.map(async ({ name, folder }) => {
      const { value } = (await readStored<TrainResult>(folder))!;
      const { steps, batchSize, flops, preparation, wallSeconds, weightsSha256 } = value;
      return {
        stage: name,
        steps,
        batchSize,
        trainingFlops: flops + preparation.flops,
        wallSeconds,
        weightsSha256,
        key: basename(folder),
      };
    }),
  );
  return {
    stages: trained,
    trainingFlops: trained.reduce((sum, { trainingFlops }) => sum + trainingFlops, 0),
  };
}

const dataSchema = z.object({ name: z.string().max(100), trainingImages: z.int().positive() });
const stagesSchema = z
  .array(
    z.object({
      stage: z.string().max(100),
      steps: z.int().positive(),
      trainingFlops: z.number().positive(),
      /** Of what it handed on, by which files that tell of one training are known. */
      weightsSha256: z.string().max(100),
    }),
  )
  .min(1);

export type ToldStage = z.output<typeof stagesSchema>[number];

/** What a file of weights tells of its training, and of that of the files it started from. */
export interface ToldTraining {
  /** In order of training. */
  readonly stages: readonly ToldStage[];
  /** Of all stages. */
  readonly trainingFlops: number;
  readonly data: readonly z.output<typeof dataSchema>[];
  /** The last made the file. */
  readonly commands: readonly string[];
}

const provenanceSchema = z.object({
  commands: z.array(z.string()).min(1),
  data: dataSchema,
  stages: stagesSchema.optional(),
  pretrained: z
    .array(
      z.object({
        sha256: z.string(),
        training: z
          .object({ stages: stagesSchema, data: z.array(dataSchema).min(1) })
          .nullable()
          .default(null),
      }),
    )
    .default([]),
});

/**
 * null where the file does not tell, or not of all: one of another program's, of an earlier version of this one, or one
 * that started from such a file.
 */
export async function toldTraining(path: string): Promise<ToldTraining | null> {
  const file = await openTensors(path);
  await file.close();
  const text = file.metadata.get("provenance");
  if (text === undefined) return null;
  const parsed = provenanceSchema.safeParse(parseJson(text));
  return parsed.success ? toldBy(parsed.data) : null;
}

function toldBy({
  commands,
  data,
  stages = [],
  pretrained,
}: z.output<typeof provenanceSchema>): ToldTraining | null {
  const before = distinctBy(pretrained, ({ sha256 }) => sha256).map(({ training }) => training);
  if (before.includes(null)) return null;
  const all = [
    ...before.map((training) => training!),
    ...(stages.length > 0 ? [{ stages, data: [data] }] : []),
  ];
  if (all.length === 0) return null;
  return {
    commands,
    ...summed(all.flatMap((training) => training.stages)),
    data: distinctBy(
      all.flatMap((training) => training.data),
      ({ name, trainingImages }) => `${trainingImages} ${name}`,
    ),
  };
}

function summed(all: readonly ToldStage[]): Pick<ToldTraining, "stages" | "trainingFlops"> {
  const stages = distinctBy(all, ({ weightsSha256 }) => weightsSha256);
  return { stages, trainingFlops: stages.reduce((sum, { trainingFlops }) => sum + trainingFlops, 0) };
}

/** The stages that several files tell of, each training once; null where one file does not tell. */
export function toldByAll(all: readonly (ToldTraining | null)[]): readonly ToldStage[] | null {
  const told = all.flatMap((one) => one ?? []);
  return told.length < all.length ? null : summed(told.flatMap(({ stages }) => stages)).stages;
}

/** Of that, what led to the result of one stage: of a latent model's two, the first did not need the second. */
export function toldUpTo(stage: string, told: ToldTraining): ToldTraining {
  const last = told.stages.findLastIndex((one) => one.stage === stage);
  return last < 0 ? told : { ...told, ...summed(told.stages.slice(0, last + 1)) };
}

/** The first of all that have one key. */
export function distinctBy<One>(all: readonly One[], keyOf: (one: One) => string): readonly One[] {
  const keys = all.map(keyOf);
  return all.filter((_, i) => keys.indexOf(keys[i]!) === i);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
