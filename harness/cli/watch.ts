/** `eval --watch`: a line a checkpoint, as training writes them. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { EXIT, UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import type { OpenProgress } from "./progress.ts";

export interface WatchFlags {
  readonly watch?: string;
  readonly sampleCommand?: string;
  readonly results?: string;
  readonly once?: boolean;
}

export const watchOptions = (command: Command): Command =>
  command
    .option(
      "--watch <folder>",
      "score the checkpoints that come into a folder, against one argument, the reference",
    )
    .option(
      "--sample-command <command>",
      'what makes images of a checkpoint, as "python sample.py {checkpoint} {out}": into the folder {out}, or to {out}.npz',
    )
    .option("--results <folder>", "where a watch leaves results, logs and images (default: FOLDER-scores)")
    .option("--once", "score the checkpoints that are there, and stop");

/** Seconds between two looks at the folder. */
const SECONDS = 5;

/**
 * @param settings all that the scores depend on besides the checkpoint
 * @param evaluate scores images against the reference
 * @returns the exit code: `incomplete` where a checkpoint could not be scored and none is waited for
 */
export async function watchVerb(
  flags: WatchFlags & { readonly watch: string },
  settings: () => Promise<string>,
  evaluate: (samples: string) => Promise<Result>,
  progress: OpenProgress,
): Promise<number> {
  const { watch: folder, sampleCommand, once = false } = flags;
  if (sampleCommand === undefined)
    throw new UserError(
      "--watch needs the command that makes images of a checkpoint",
      'add --sample-command "python sample.py {checkpoint} {out}"',
    );
  const [{ watch }, { watchHead, watchLine }, { onInterrupt }] = await Promise.all([
    import("../evaluate/watch.ts"),
    import("../../reports/watch-table.ts"),
    import("./signals.ts"),
  ]);
  const interruption = onInterrupt((line) => progress.note(line));
  let lines = 0;
  try {
    const { failed } = await watch({
      folder,
      sampleCommand,
      output: flags.results ?? `${resolve(folder)}-scores`,
      once,
      settings,
      seconds: SECONDS,
      signal: interruption.signal,
      score: evaluate,
      scored(name, result) {
        if (lines++ === 0) process.stdout.write(watchHead(result));
        process.stdout.write(watchLine(name, result));
        for (const warning of result.warnings) progress.note(`warning: ${warning}`);
      },
      note: (line) => progress.note(line),
    });
    return interruption.exitCode() ?? (failed > 0 && once ? EXIT.incomplete : EXIT.ok);
  } finally {
    interruption.release();
  }
}
