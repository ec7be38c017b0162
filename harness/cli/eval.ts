import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { commandLine, wholeNumber } from "./arguments.ts";
import { type ExtractorFlags, extractorOf, extractorOptions } from "./extractor-flags.ts";

interface EvalFlags extends ExtractorFlags {
  readonly metrics?: string;
  readonly neighbours?: number;
  readonly kidSubsets?: number;
  readonly kidSubsetSize?: number;
  readonly seed?: number;
  readonly layer?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<samples>", "generated images: a folder, an .npz in ADM's layout, or a file of features")
    .argument("<reference>", "real images: the same, or a file of statistics");
  extractorOptions(command)
    .option("--metrics <names>", "fid, sfid, is, kid, prdc, vendi, fd-infinity, …, with commas between")
    .option("--neighbours <k>", "of precision, recall, density and coverage", wholeNumber(1))
    .option("--kid-subsets <n>", "of a tool's KID; ours takes all samples", wholeNumber(1))
    .option("--kid-subset-size <n>", "images of each", wholeNumber(2))
    .option("--seed <n>", "of the draws of subsets and orders", wholeNumber(0))
    .option("--layer <name>", "of files of features: the layer that is scored")
    .option("--json <file>", "write the result, of one entry, as a run does; - for standard output")
    .option("--quiet", "no progress")
    .action(evalVerb);
}

async function evalVerb(samples: string, reference: string, flags: EvalFlags): Promise<void> {
  const { json, quiet = false } = flags;
  if (json !== undefined && json !== "-") await requireFolder(json);
  const [{ evaluate }, { stderrProgress }, { evaluationTable }, { conventionOf }] = await Promise.all([
    import("../evaluate/evaluate.ts"),
    import("./progress.ts"),
    import("../../reports/evaluation.ts"),
    import("../evaluate/conventions/index.ts"),
  ]);
  const convention = conventionOf(flags.as ?? null);
  requireSubsets(flags);
  const progress = stderrProgress({ quiet });
  try {
    const result = await evaluate({
      samples,
      reference,
      convention,
      extractor: extractorOf(flags),
      metrics: flags.metrics?.split(",").map((name) => name.trim()) ?? null,
      settings: settingsOf(flags),
      layer: flags.layer ?? null,
      command: commandLine(process.argv.slice(2)),
      progress,
    });
    for (const warning of result.warnings) progress.note(`warning: ${warning}`);
    const text = `${JSON.stringify(result, null, 2)}\n`;
    process.stdout.write(json === "-" ? text : evaluationTable(result));
    if (json !== undefined && json !== "-") await writeJson(json, text);
  } finally {
    progress.close();
  }
}

const settingsOf = ({ neighbours, kidSubsets, kidSubsetSize, seed }: EvalFlags) => ({
  neighbours: neighbours ?? null,
  kidSubsets: kidSubsets ?? null,
  kidSubsetSize: kidSubsetSize ?? null,
  seed: seed ?? null,
});

function requireSubsets({ as, kidSubsets, kidSubsetSize }: EvalFlags): void {
  const given =
    kidSubsets !== undefined ? "--kid-subsets" : kidSubsetSize !== undefined ? "--kid-subset-size" : null;
  if (given !== null && as === undefined)
    throw new UserError(
      `${given}: KID is taken over all samples here, without subsets`,
      "leave it out, or name a tool that draws subsets: --as torch-fidelity",
    );
}

/** Before hours of work, not after them. */
async function requireFolder(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

async function writeJson(file: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await writeFileAtomic(file, text).catch((error: unknown) => {
    throw cannotWrite(file, error);
  });
}

const cannotWrite = (file: string, error: unknown): UserError =>
  new UserError(
    `--json: cannot write ${file}: ${(error as Error).message}`,
    "name a file in a folder that exists and can be written to",
  );
