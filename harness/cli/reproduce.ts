import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Reproduction } from "../reproduce/reproduce.ts";
import { commandLine, wholeNumber } from "./arguments.ts";

interface ReproduceFlags {
  readonly weights?: string;
  readonly reference?: string;
  readonly samples?: number;
  readonly output?: string;
  readonly threads: number;
  readonly json?: string;
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  command
    .argument("<recipe>", "epg-xl-256, epg-l-512, epg-l-256-onestep, or a JSON file of your own")
    .option("--weights <file>", "the checkpoint (default: in the user's cache)")
    .option(
      "--reference <name>",
      "what the samples are held against, by name or path (default: the recipe's)",
    )
    .option(
      "--samples <n>",
      "fewer than the 50,000 that were published, which is not comparable",
      wholeNumber(4),
    )
    .option("--output <folder>", "the folder it is written to (default: .epg-bench/runs/<time>-<recipe>)")
    .option("--threads <n>", "threads", wholeNumber(1), 2)
    .option("--json <file>", "write what was found there too; - for stdout, in place of the text")
    .option("--quiet", "no progress")
    .action(async (recipe: string, flags: ReproduceFlags) => {
      process.exitCode = await reproduceVerb(recipe, flags, process.argv.slice(2));
    });
}

async function reproduceVerb(name: string, flags: ReproduceFlags, argv: readonly string[]): Promise<number> {
  const [{ findRecipe }, { reproduce }, { Stopped }, { newRunFolder }, { stderrProgress }, { onInterrupt }] =
    await Promise.all([
      import("../reproduce/recipe.ts"),
      import("../reproduce/reproduce.ts"),
      import("../run/jobs.ts"),
      import("./run-folder.ts"),
      import("./progress.ts"),
      import("./signals.ts"),
    ]);
  const recipe = findRecipe(name);
  const progress = stderrProgress({ quiet: flags.quiet ?? false });
  const interruption = onInterrupt((line) => progress.note(line));
  const short = name.replace(/^.*[/\\]/, "").replace(/\.json$/, "");
  try {
    const found = await reproduce({
      name: short,
      recipe,
      weights: flags.weights ?? null,
      reference: flags.reference ?? null,
      samples: flags.samples ?? null,
      threads: flags.threads,
      folder: newRunFolder(flags.output, short, new Date()),
      progress,
      signal: interruption.signal,
      command: commandLine(argv),
    });
    await deliver(found, flags.json);
    return found.verdict.status === "fail" ? EXIT.regression : EXIT.ok;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`${error.message}\nthe same command goes on from there\n`);
    return interruption.exitCode() ?? EXIT.crash;
  } finally {
    progress.close();
    interruption.release();
  }
}

async function deliver(found: Reproduction, json: string | undefined): Promise<void> {
  const text = `${JSON.stringify(found, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) await (await import("write-file-atomic")).default(json, text);
  process.stdout.write(told(found));
}

function told({ title, source, weights, reference, metric, nfe, verdict, notes }: Reproduction): string {
  const { expected, found, tolerance, status, reason } = verdict;
  const lines = [
    title,
    `  after      ${source}`,
    `  weights    ${weights.path}, ${weights.part}, sha256 ${weights.sha256}`,
    `  reference  ${reference}`,
    `  NFE        expected ${nfe.expected}, found ${nfe.found}`,
    `  ${metric.padEnd(9)}  expected ${expected}, found ${found.toPrecision(5)}, tolerance ${tolerance === null ? "none" : tolerance.toPrecision(3)} (of the draw of samples, on both sides)`,
    ...notes.map((note) => `  note: ${note}`),
    `${status}: ${reason}`,
  ];
  return `${lines.join("\n")}\n`;
}
