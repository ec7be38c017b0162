import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../errors.ts";

interface EvalFlags {
  readonly features: string;
  readonly weights?: string;
  readonly threads: number;
  readonly json?: string;
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<samples>", "generated images: a folder, or an .npz in ADM's layout")
    .argument("<reference>", "real images: a folder, an .npz in ADM's layout, or a file of statistics")
    .option("--features <name>", "what sees the images: inception, efficientnet-lite0 or a path", "inception")
    .option("--weights <file>", "Inception's weights (default: EPG_BENCH_INCEPTION, then the user's cache)")
    .option("--json <file>", "write the result, of one entry, as a run does; - for standard output")
    .addOption(new Option("--threads <n>", "threads").argParser(wholeNumber).default(2))
    .option("--quiet", "no progress")
    .action(evalVerb);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 to 999.");
  return Number(text);
}

async function evalVerb(samples: string, reference: string, flags: EvalFlags): Promise<void> {
  const { threads, json, quiet = false } = flags;
  if (json !== undefined && json !== "-") await requireFolder(json);
  const [{ evaluate }, { stderrProgress }, { evaluationTable }] = await Promise.all([
    import("../evaluate/evaluate.ts"),
    import("./progress.ts"),
    import("../../reports/evaluation.ts"),
  ]);
  const progress = stderrProgress({ quiet });
  try {
    const options = flags.weights === undefined ? {} : { weights: flags.weights };
    const features = { plugin: flags.features, options };
    const command = ["epg-bench eval", samples, reference, `--features ${flags.features}`].join(" ");
    const result = await evaluate({ samples, reference, features, threads, command, progress });
    for (const warning of result.warnings) progress.note(`warning: ${warning}`);
    const text = `${JSON.stringify(result, null, 2)}\n`;
    process.stdout.write(json === "-" ? text : evaluationTable(result));
    if (json !== undefined && json !== "-") await writeJson(json, text);
  } finally {
    progress.close();
  }
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
