import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { commandLine, wholeNumber } from "./arguments.ts";

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
    .option("--threads <n>", "threads", wholeNumber(1), 2)
    .option("--quiet", "no progress")
    .action(evalVerb);
}

async function evalVerb(samples: string, reference: string, flags: EvalFlags): Promise<void> {
  const { threads, weights, json, quiet = false } = flags;
  if (weights !== undefined && flags.features !== "inception")
    throw new UserError(
      `--weights ${weights}: they would be Inception's, and --features is ${flags.features}`,
      "leave out one of the two",
    );
  if (json !== undefined && json !== "-") await requireFolder(json);
  const [{ evaluate }, { stderrProgress }, { evaluationTable }] = await Promise.all([
    import("../evaluate/evaluate.ts"),
    import("./progress.ts"),
    import("../../reports/evaluation.ts"),
  ]);
  const progress = stderrProgress({ quiet });
  try {
    const features = { plugin: flags.features, options: weights === undefined ? {} : { weights } };
    const command = commandLine(process.argv.slice(2));
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
