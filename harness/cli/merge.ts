import type { Command } from "commander";
import { type FollowFlags, follow } from "./follow.ts";

interface MergeFlags extends FollowFlags {
  readonly output?: string;
}

export function define(command: Command): void {
  command
    .argument("<folders...>", "what every `run --shard i/n` left, all n of them")
    .option("--output <folder>", "the run folder (default: .epg-bench/runs/<time>-<config>)")
    .option("--json <file>", "write the result there too; - for stdout, in place of the table")
    .option("--quiet", "no progress")
    .option("--no-color", "no colours")
    .action(async (folders: readonly string[], flags: MergeFlags) => {
      process.exitCode = await follow(() => asked(folders, flags.output), flags);
    });
}

/** The first shard's config: all have the same. */
async function asked(folders: readonly string[], output: string | undefined) {
  const [{ readResolved }, { newRunFolder }, { openShardFolders }] = await Promise.all([
    import("../config/index.ts"),
    import("./run-folder.ts"),
    import("../run/shard-folders.ts"),
  ]);
  const merged = await openShardFolders(folders);
  const config = readResolved(merged[0]!.folder);
  const folder = newRunFolder(output, config.name, new Date());
  return { config, folder, resume: false, dryRun: false, merged };
}
