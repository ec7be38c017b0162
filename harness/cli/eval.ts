import type { Command } from "commander";
import { UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import { commandLine, wholeNumber } from "./arguments.ts";
import { type ExtractorFlags, extractorOf, extractorOptions } from "./extractor-flags.ts";
import { cannotWrite, requireWritable } from "./output-file.ts";
import type { OpenProgress } from "./progress.ts";
import { type WatchFlags, watchOptions, watchVerb } from "./watch.ts";

interface EvalFlags extends ExtractorFlags, WatchFlags {
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
    .argument(
      "[samples]",
      "generated images: a folder, a tar or several (shards-{000..003}.tar), a zip, an .npz in ADM's layout, or a file of features; with --watch, left out",
    )
    .argument("[reference]", "real images: the same, a file of statistics, or the name of a reference");
  extractorOptions(command)
    .option("--metrics <names>", "fid, sfid, is, kid, prdc, vendi, fd-infinity, …, with commas between")
    .option("--neighbours <k>", "of precision, recall, density and coverage", wholeNumber(1))
    .option("--kid-subsets <n>", "of a tool's KID; ours takes all samples", wholeNumber(1))
    .option("--kid-subset-size <n>", "images of each", wholeNumber(2))
    .option("--seed <n>", "of the draws of subsets and orders", wholeNumber(0, 2 ** 32 - 1))
    .option("--layer <name>", "the layer that is scored, of the extractor or of files of features")
    .option("--json <file>", "write the result, of one entry, as a run does; - for standard output")
    .option("--quiet", "no progress");
  watchOptions(command).action(evalVerb);
}

async function evalVerb(
  first: string | undefined,
  second: string | undefined,
  flags: EvalFlags,
): Promise<void> {
  const { json, quiet = false, watch } = flags;
  requireArguments(second, flags);
  if (first === undefined) throw missingReference();
  requireSubsets(flags);
  if (json !== undefined && json !== "-") await requireWritable("--json", json);
  const { stderrProgress } = await import("./progress.ts");
  const progress = stderrProgress({ quiet });
  try {
    if (watch !== undefined) {
      await requireReference(first);
      const settings = () => allSettings(first, flags);
      const score = (samples: string) => evaluated(samples, first, flags, progress);
      process.exitCode = await watchVerb({ ...flags, watch }, settings, score, progress);
    } else await deliver(await evaluated(first, second!, flags, progress), json, progress);
  } finally {
    progress.close();
  }
}

/** Before the first checkpoint is sampled, not after. */
async function requireReference(nameOrPath: string): Promise<void> {
  const { openReference } = await import("../evaluate/reference.ts");
  const { images, features } = await openReference(nameOrPath);
  await Promise.all([images?.close(), features?.close()]);
}

/** All that scores of a checkpoint depend on besides its images. */
async function allSettings(reference: string, flags: EvalFlags): Promise<string> {
  const [{ referenceListing }, { extractorIdentity }] = await Promise.all([
    import("../evaluate/reference.ts"),
    import("../evaluate/open-extractor.ts"),
  ]);
  const { as, layer, metrics } = flags;
  const extractor = extractorOf(flags);
  const found = await Promise.all([referenceListing(reference), extractorIdentity(extractor)]);
  return JSON.stringify([reference, as, extractor, layer, metrics, settingsOf(flags), ...found]);
}

async function evaluated(
  samples: string,
  reference: string,
  flags: EvalFlags,
  progress: OpenProgress,
): Promise<Result> {
  const [{ evaluate }, { conventionOf }] = await Promise.all([
    import("../evaluate/evaluate.ts"),
    import("../evaluate/conventions/index.ts"),
  ]);
  return evaluate({
    samples,
    reference,
    convention: conventionOf(flags.as ?? null),
    extractor: extractorOf(flags),
    metrics: flags.metrics?.split(",").map((name) => name.trim()) ?? null,
    settings: settingsOf(flags),
    layer: flags.layer ?? null,
    command: commandLine(process.argv.slice(2)),
    progress,
  });
}

async function deliver(result: Result, json: string | undefined, progress: OpenProgress): Promise<void> {
  const { evaluationTable } = await import("../../reports/evaluation.ts");
  for (const warning of result.warnings) progress.note(`warning: ${warning}`);
  const text = `${JSON.stringify(result, null, 2)}\n`;
  process.stdout.write(json === "-" ? text : evaluationTable(result));
  if (json !== undefined && json !== "-") await writeJson(json, text);
}

const settingsOf = ({ neighbours, kidSubsets, kidSubsetSize, seed }: EvalFlags) => ({
  neighbours: neighbours ?? null,
  kidSubsets: kidSubsets ?? null,
  kidSubsetSize: kidSubsetSize ?? null,
  seed: seed ?? null,
});

const missingReference = (): UserError =>
  new UserError(
    "the reference is missing",
    "name samples and what they are scored against; with --watch the reference alone",
  );

/** Samples come from a watch, or from the command line. */
function requireArguments(second: string | undefined, { watch, json, ...flags }: EvalFlags): void {
  const only = (["sampleCommand", "results", "once"] as const).find((name) => flags[name] !== undefined);
  if (watch === undefined && only !== undefined)
    throw new UserError(
      `--${only.replace("C", "-c")} is of a watch, and there is none`,
      "add --watch FOLDER, or leave it out",
    );
  if (watch === undefined && second === undefined) throw missingReference();
  if (watch !== undefined && second !== undefined)
    throw new UserError(
      `--watch ${watch} makes the samples, and the command line names some too`,
      "name the reference alone",
    );
  if (watch !== undefined && json !== undefined)
    throw new UserError(
      `--json ${json}: a watch makes a result a checkpoint`,
      "leave it out: they are in the folder of --results",
    );
}

function requireSubsets({ as, kidSubsets, kidSubsetSize }: EvalFlags): void {
  const given = kidSubsets !== undefined ? "--kid-subsets" : "--kid-subset-size";
  if (as === undefined && (kidSubsets !== undefined || kidSubsetSize !== undefined))
    throw new UserError(
      `${given}: KID is taken over all samples here, without subsets`,
      "leave it out, or name a tool that draws subsets: --as torch-fidelity",
    );
}

async function writeJson(file: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await writeFileAtomic(file, text).catch((error: Error) => {
    throw cannotWrite("--json", file, error.message);
  });
}
