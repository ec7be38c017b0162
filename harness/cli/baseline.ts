import type { Command } from "commander";

export function define(command: Command): void {
  command
    .command("save")
    .description("keep a run, or runs that differ in their training seed alone, as a baseline with its gates")
    .argument("<run...>", "run folders")
    .requiredOption("--to <file>", "the baseline file")
    .action(async (runs: string[], { to }: { to: string }) => {
      const [{ loadResult }, { defaultGates, saveBaseline }, { configOf }] = await Promise.all([
        import("../gate/load.ts"),
        import("../gate/baseline.ts"),
        import("./config-of-run.ts"),
      ]);
      const results = await Promise.all(runs.map(loadResult));
      const own = configOf(runs[0]!)?.gates ?? {};
      const gates = Object.keys(own).length > 0 ? own : defaultGates(results);
      await saveBaseline(results, to, gates);
      process.stdout.write(`${to}\n`);
      process.stderr.write(gatesLine(Object.keys(gates)));
    });
}

/** A baseline that gates nothing lets everything pass. */
const gatesLine = (metrics: readonly string[]): string =>
  metrics.length > 0
    ? `gates: ${metrics.join(", ")}\n`
    : "warning: nothing in it is gated, since by itself only KID is, and the Fréchet distance at five images a dimension; score kid too, or write gates into the file\n";
