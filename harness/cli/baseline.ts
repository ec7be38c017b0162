import type { Command } from "commander";

export function define(command: Command): void {
  command
    .command("save")
    .description("keep a run, or runs that differ in their training seed alone, as a baseline with its gates")
    .argument("<run...>", "run folders")
    .requiredOption("--to <file>", "the baseline file")
    .action(async (runs: string[], { to }: { to: string }) => {
      const [{ loadResult }, { saveBaseline }, { configOf }] = await Promise.all([
        import("../gate/load.ts"),
        import("../gate/baseline.ts"),
        import("./config-of-run.ts"),
      ]);
      const results = await Promise.all(runs.map(loadResult));
      const gates = configOf(runs[0]!)?.gates ?? {};
      await saveBaseline(results, to, Object.keys(gates).length > 0 ? gates : undefined);
      process.stdout.write(`${to}\n`);
    });
}
