import { type Command, Option } from "commander";
import { UserError } from "../errors.ts";
import type { PublishedResult } from "../references/published.ts";
import { suggestion } from "../suggest.ts";
import { writeJson } from "./output-file.ts";
import { type PublishedRow as Row, told } from "./published-table.ts";

interface PublishedFlags {
  readonly resolution?: "256" | "512";
  readonly sort: SortKey;
  readonly family?: string;
  readonly json?: string;
  readonly wide?: boolean;
}

/** What rows are put in order by, the better first; those of unknown value come last. */
const KEYS = {
  fid: ({ fid }: Row) => fid,
  sfid: ({ sfid }: Row) => sfid,
  is: ({ inceptionScore }: Row) => inceptionScore && -inceptionScore,
  precision: ({ precision }: Row) => precision && -precision,
  recall: ({ recall }: Row) => recall && -recall,
  macs: ({ samplingMacs }: Row) => samplingMacs,
  nfe: ({ nfe }: Row) => nfe,
  parameters: ({ paramsM }: Row) => paramsM,
  epochs: ({ epochs }: Row) => epochs,
} as const;

type SortKey = keyof typeof KEYS;

export function define(command: Command): void {
  command
    .addOption(new Option("--resolution <pixels>", "of ImageNet").choices(["256", "512"]))
    .addOption(new Option("--sort <key>", "the best first").choices(Object.keys(KEYS)).default("fid"))
    .option("--family <name>", "DiT, EPG, JiT, …")
    .option("--wide", "every column, however wide; so too where the output is no terminal")
    .option("--json <file>", "write it as JSON; - for stdout, in place of the table")
    .action(list);
}

async function list({ resolution, sort, family, json, wide }: PublishedFlags): Promise<void> {
  const { published, conflictsOf, levelOf, otherEvaluator, samplingMacs } = await import(
    "../references/published.ts"
  );
  const { results } = published();
  const wanted = family === undefined ? null : familyNamed(family, results);
  const rows = results
    .filter((row) => resolution === undefined || row.resolution === Number(resolution))
    .filter((row) => wanted === null || row.family === wanted)
    .map(
      (row): Row => ({
        ...row,
        level: levelOf(row),
        samplingMacs: samplingMacs(row),
        conflicts: conflictsOf(row.id),
        evaluator: otherEvaluator(row),
      }),
    )
    .sort((a, b) => (KEYS[sort](a) ?? Infinity) - (KEYS[sort](b) ?? Infinity) || 0);
  if (json === undefined) process.stdout.write(told(rows, wide || !process.stdout.isTTY));
  else await writeJson(json, rows);
}

function familyNamed(family: string, results: readonly PublishedResult[]): string {
  const families = [...new Set(results.map((row) => row.family))];
  const found = families.find((name) => name.toLowerCase() === family.toLowerCase());
  if (found !== undefined) return found;
  throw new UserError(`--family: nothing is published here of "${family}"`, suggestion(family, families));
}
