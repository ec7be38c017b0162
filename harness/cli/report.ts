import type { Command } from "commander";

export function define(command: Command): void {
  command
    .argument("<run>", "run folder")
    .option("--format <names>", "formats, separated by commas: md, json", "md")
    .action(async (run: string, { format }: { format: string }) => {
      const [{ loadResult }, { writeReports }] = await Promise.all([
        import("../gate/load.ts"),
        import("./reports.ts"),
      ]);
      const paths = await writeReports(await loadResult(run), run, format.split(","));
      process.stdout.write(`${paths.join("\n")}\n`);
    });
}
