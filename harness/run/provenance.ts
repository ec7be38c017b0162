/** What exported weights came from, written into their file and read out of it again. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import type { ResolvedConfig } from "../config/index.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { packageVersion } from "../package-root.ts";
import type { Dataset } from "../plugin.ts";
import type { Result } from "../result.ts";
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
      ? { pretrained: pretrained.map(({ stage, sha256, part }) => ({ stage, sha256, part })) }
      : {}),
    ...(planned.stages.length > 0 ? await trainingOf(planned) : {}),
  };
}

/** Where on a disk a file lay is nobody else's affair. */
const withoutFolders = (command: string): string =>
  command.replaceAll(/(?<=^|[\s'"=])\/(?:[^\s'"/]+\/)*/g, "");

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

const provenanceSchema = z.object({
  /** The last made the file. */
  commands: z.array(z.string()).min(1),
  data: z.object({ name: z.string().max(100), trainingImages: z.int().positive() }),
  stages: z.array(z.object({ stage: z.string().max(100), steps: z.int().positive() })).min(1),
  trainingFlops: z.number().positive(),
});

/** What a file of weights tells of its training. */
export type ToldTraining = z.output<typeof provenanceSchema>;

/** null where the file does not tell: one of another program's, or of an earlier version of this one. */
export async function toldTraining(path: string): Promise<ToldTraining | null> {
  const file = await openTensors(path);
  await file.close();
  const text = file.metadata.get("provenance");
  if (text === undefined) return null;
  const parsed = provenanceSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
