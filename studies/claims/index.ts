/** `npm run study:claims -- [--dry-run] [--publish] [--budget FLOPs] …`: the study of docs/claims.md. */
import { mkdir, readFile } from "node:fs/promises";
import { resolve as absolute, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { EXIT, type UserError } from "../../harness/errors.ts";
import type { Config } from "../../harness/index.ts";
import { packageRoot } from "../../harness/package-root.ts";
import { type StepsByBudget, seedConfig, tuningConfig } from "./configs.ts";
import { openHarness } from "./harness.ts";
import { describeStudy, planSteps } from "./plan.ts";
import { curvesPlot } from "./plot.ts";
import { resolve, resultOf } from "./runs.ts";
import { section, withSection } from "./section.ts";
import { readSettings, type Settings } from "./settings.ts";
import { pointsOf, ranOf, ratesOf, type Study, trialsOf, yardsticksOf } from "./study.ts";

const PLOT = "claims.svg";

async function main(argv: readonly string[]): Promise<number> {
  const settings = readSettings(argv);
  const command = ["npm run study:claims --", ...argv].join(" ");
  const harness = await openHarness();
  const steps = await planSteps(harness, settings);
  if (settings.dryRun) {
    process.stdout.write(`${await describeStudy(harness, settings, steps)}\n`);
    return EXIT.ok;
  }
  await mkdir(settings.out, { recursive: true });
  const progress = harness.stderrProgress({ quiet: false });
  const interruption = harness.onInterrupt((line) => progress.note(line));
  const runNamed = (name: string, config: Config) =>
    resultOf(harness, {
      config: resolve(`claims-${name}`, config),
      folder: absolute(settings.out, name),
      progress,
      signal: interruption.signal,
      command,
    });
  try {
    const study = await measure(settings, steps, command, runNamed);
    if (study === null) {
      process.stderr.write(`stopped; go on with: ${command}\n`);
      return interruption.exitCode() ?? EXIT.crash;
    }
    await write(settings, study);
    return EXIT.ok;
  } finally {
    progress.close();
    interruption.release();
  }
}

/** @returns null where it was stopped */
async function measure(
  settings: Settings,
  steps: StepsByBudget,
  command: string,
  runNamed: (name: string, config: Config) => ReturnType<typeof resultOf>,
): Promise<Study | null> {
  const tuning = await runNamed("tuning", tuningConfig(settings, steps));
  if (tuning === null) return null;
  const { budget, seeds, trials, samples, threads } = settings;
  let study: Study = {
    settings: { budget, seeds, trials, samples, threads },
    command,
    runs: [ranOf("tuning", tuning)],
    trials: trialsOf(tuning, trials),
    points: [],
    yardsticks: [],
  };
  const rates = ratesOf(study.trials);
  await keep(settings, study);
  for (let seed = 1; seed <= seeds; seed++) {
    const name = `seed-${seed}`;
    const result = await runNamed(name, seedConfig(settings, seed, steps, rates));
    if (result === null) return null;
    study = {
      ...study,
      runs: [...study.runs, ranOf(name, result)],
      points: [...study.points, ...pointsOf(result)],
      yardsticks: seed === 1 ? yardsticksOf(result) : study.yardsticks,
    };
    await keep(settings, study);
  }
  return study;
}

const keep = ({ out }: Settings, study: Study): Promise<void> =>
  writeFileAtomic(join(out, "results.json"), `${JSON.stringify(study, null, 2)}\n`);

/** The tables and the plot beside the study's runs and, where asked for, into the documentation. */
async function write({ out, publish }: Settings, study: Study): Promise<void> {
  const [text, plot] = [section(study, PLOT), await curvesPlot(study)];
  await writeFileAtomic(join(out, "results.md"), `${text}\n`);
  await writeFileAtomic(join(out, PLOT), plot);
  process.stdout.write(`${text}\n`);
  if (!publish) return;
  const docs = join(packageRoot(), "docs");
  const page = join(docs, "claims.md");
  await writeFileAtomic(join(docs, PLOT), plot);
  await writeFileAtomic(page, withSection(await readFile(page, "utf8"), text));
}

/** Prints a mistake of the user's without its stack; the built harness has a `UserError` class of its own. */
function tell(error: unknown): number {
  if (!(error instanceof Error && error.name === "UserError")) throw error;
  const { message, fix, exitCode } = error as UserError;
  process.stderr.write(`error: ${message}\n${fix === undefined ? "" : `  fix: ${fix}\n`}`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2)).catch(tell);
