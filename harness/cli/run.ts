import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { Overrides, ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import { commandLine, wholeNumber } from "./arguments.ts";

interface RunFlags extends Overrides {
  readonly config?: string;
  readonly output?: string;
  readonly resume?: string;
  readonly dryRun?: boolean;
  readonly quick?: boolean;
  readonly json?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
}

export function define(command: Command): void {
  command
    .option(
      "-c, --config <file>",
      "the config (default: epg-bench.config.* here or above, else the built-in)",
    )
    .option("--data <folder>", "images in place of the config's data set, in class sub-folders or flat")
    .option("--output <folder>", "the run folder (default: .epg-bench/runs/<time>-<config>)")
    .addOption(
      new Option("--resume <folder>", "go on with a run").conflicts([
        "config",
        "data",
        "output",
        "seed",
        "samples",
        "backend",
        "device",
        "python",
        "compile",
        "precision",
        "threads",
        "unconditional",
        "skipUnreadable",
        "against",
        "quick",
      ]),
    )
    .option("--quick", "sample and score only the entries that train nothing: those with weights")
    .option("--dry-run", "print the plan with each stage's FLOPs, run nothing")
    .option("--seed <n>", "training seed", wholeNumber(0))
    .option("--samples <n>", "images sampled from each entry", wholeNumber(4))
    .option("--backend <name>", "what computes, in place of the config's: onnxruntime, torch")
    .option("--device <name>", "torch: auto, cpu, cuda or mps")
    .option(
      "--python <command>",
      "torch: the Python that has PyTorch (default: EPG_BENCH_PYTHON, or python3)",
    )
    .option("--no-compile", "torch: without torch.compile")
    .addOption(
      new Option("--precision <type>", "torch: what products are computed in (default: f32)").choices([
        "f32",
        "bf16",
      ]),
    )
    .option("--threads <n>", "threads of the backend", wholeNumber(1))
    .option("--unconditional", "train and sample without labels")
    .option("--skip-unreadable", "leave unreadable images out instead of stopping at them")
    .addOption(new Option("--against <part>", "score against").choices(["reference", "train"]))
    .option("--json <file>", "write the result there too; - for stdout, in place of the table")
    .option("--quiet", "no progress")
    .option("--no-color", "no colours")
    .action(async (flags: RunFlags) => {
      process.exitCode = await runVerb(flags, process.argv.slice(2));
    });
}

async function runVerb(flags: RunFlags, argv: readonly string[]): Promise<number> {
  const [{ readResolved }, { newRunFolder }, { run }, { stderrProgress }, { onInterrupt }] =
    await Promise.all([
      import("../config/index.ts"),
      import("./run-folder.ts"),
      import("../run/index.ts"),
      import("./progress.ts"),
      import("./signals.ts"),
    ]);
  const progress = stderrProgress({ quiet: flags.quiet ?? false });
  const note = (line: string): void => progress.note(line);
  const { resume } = flags;
  const config = resume === undefined ? await configOf(flags, note) : readResolved(resume);
  const folder = resume ?? newRunFolder(flags.output, config.name, new Date());
  const interruption = onInterrupt(note);
  const outcome = await run({
    config,
    folder,
    resume: resume !== undefined,
    dryRun: flags.dryRun ?? false,
    progress,
    signal: interruption.signal,
    command: commandLine(argv),
  }).finally(() => {
    progress.close();
    interruption.release();
  });
  if (outcome.kind === "planned") {
    process.stdout.write(`${outcome.plan.trimEnd()}\n`);
    return 0;
  }
  if (outcome.kind === "stopped") {
    const { shortened } = await import("../config/module.ts");
    const again = commandLine(["run", "--resume", shortened(folder)]);
    process.stderr.write(`${outcome.reason}\ngo on with: ${again}\n`);
    return interruption.exitCode() ?? 1;
  }
  await deliver(outcome.result, folder, flags);
  return outcome.exitCode;
}

async function configOf(flags: RunFlags, note: (line: string) => void): Promise<ResolvedConfig> {
  const { loadConfig } = await import("../config/index.ts");
  const config = await loadConfig({ file: flags.config, folder: process.cwd(), overrides: flags, note });
  return flags.quick ? { ...config, quick: true } : config;
}

/** Writes the report, and the result where it was asked for. */
async function deliver(result: Result, folder: string, { json, color }: RunFlags): Promise<void> {
  const { writeReports } = await import("./reports.ts");
  const [report = null] = await writeReports(result, folder, ["md"]);
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (json === "-") {
    process.stdout.write(text);
    return;
  }
  if (json !== undefined) {
    await writeJson(json, text, folder);
  }
  const { terminal, wantsColor } = await import("../../reports/terminal.ts");
  const colored = color && wantsColor(process.env, process.stdout.isTTY === true);
  process.stdout.write(terminal(result, { color: colored, reportPath: report }));
  const { shortened } = await import("../config/module.ts");
  const grids = result.run.entries.flatMap(({ kind, grid }) => (kind === "model" && grid ? [grid] : []));
  for (const grid of grids) process.stdout.write(`Samples: ${shortened(join(folder, grid))}\n`);
}

async function writeJson(file: string, text: string, folder: string): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  try {
    await writeFileAtomic(file, text);
  } catch (error) {
    throw new UserError(
      `--json: cannot write ${file}: ${(error as Error).message}`,
      `the result lies in ${folder}/result.json all the same`,
    );
  }
}
