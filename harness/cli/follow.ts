/** Following a run to its end: progress, interruption, and what it comes to: the report written, the table printed, the exit code. */
import { join } from "node:path";
import { EXIT, UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import type { RunOutcome, RunRequest } from "../run/index.ts";
import type { Progress } from "../run/progress.ts";
import { commandLine } from "./arguments.ts";

export interface FollowFlags {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly color: boolean;
}

type Asked = Omit<RunRequest, "progress" | "signal" | "command">;

/**
 * Makes a run, or what is left of it.
 * @param ask what to run; notes on the way there are shown with the progress
 * @returns the exit code
 */
export async function follow(
  ask: (note: Progress["note"]) => Promise<Asked>,
  flags: FollowFlags,
): Promise<number> {
  const [{ run }, { stderrProgress }, { onInterrupt }] = await Promise.all([
    import("../run/index.ts"),
    import("./progress.ts"),
    import("./signals.ts"),
  ]);
  const progress = stderrProgress({ quiet: flags.quiet ?? false });
  const note = (line: string): void => progress.note(line);
  const asked = await ask(note);
  const interruption = onInterrupt(note);
  const command = commandLine(process.argv.slice(2));
  const outcome = await run({ ...asked, progress, signal: interruption.signal, command }).finally(() => {
    progress.close();
    interruption.release();
  });
  if (outcome.kind === "stopped") {
    process.stderr.write(`${outcome.reason}\ngo on with: ${await again(asked.folder)}\n`);
    return interruption.exitCode() ?? EXIT.crash;
  }
  if (outcome.kind === "served") return interruption.exitCode() ?? EXIT.ok;
  return ended(outcome, asked.folder, flags);
}

const again = async (folder: string): Promise<string> => {
  const { shortened } = await import("../config/module.ts");
  return commandLine(["run", "--resume", shortened(folder)]);
};

async function ended(
  outcome: Exclude<RunOutcome, { kind: "stopped" | "served" }>,
  folder: string,
  flags: FollowFlags,
): Promise<number> {
  if (outcome.kind === "planned") {
    process.stdout.write(`${outcome.plan.trimEnd()}\n`);
    if (outcome.lack) throw outcome.lack;
    return EXIT.ok;
  }
  if (outcome.kind === "shared") return shared(outcome, folder);
  await deliver(outcome.result, folder, flags);
  return outcome.exitCode;
}

async function shared(
  { shard: { index, count }, failures }: Extract<RunOutcome, { kind: "shared" }>,
  folder: string,
): Promise<number> {
  const { shortened } = await import("../config/module.ts");
  if (failures.length === 0) {
    process.stdout.write(
      `Shard ${index} of ${count} is done: ${shortened(folder)}\nWhen all are: npx epg-bench merge FOLDER… with the folders of all ${count}\n`,
    );
    return EXIT.ok;
  }
  throw new UserError(
    `shard ${index} of ${count} is not whole: ${failures.join("; ")}`,
    `go on with \`${await again(folder)}\`, or leave the entries out of the config of all shards`,
    EXIT.incomplete,
  );
}

/** Writes the report, and the result where it was asked for. */
async function deliver(result: Result, folder: string, { json, color }: FollowFlags): Promise<void> {
  const { writeReports } = await import("./reports.ts");
  const reports = (await writeReports(result, folder, ["html"])).filter((path) => /report\.\w+$/.test(path));
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
  process.stdout.write(
    terminal(result, { color: colored, width: terminalWidth(), reportPath: reports.join(", ") }),
  );
  const { shortened } = await import("../config/module.ts");
  const grids = result.run.entries.flatMap(({ kind, grid }) => (kind === "model" && grid ? [grid] : []));
  for (const grid of grids) process.stdout.write(`Samples: ${shortened(join(folder, grid))}\n`);
}

/** What is piped into a file has room. */
const terminalWidth = (): number => Math.max(80, process.stdout.columns ?? 120);

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
