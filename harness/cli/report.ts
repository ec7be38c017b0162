import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";

export function define(command: Command): void {
  command
    .argument("<run>", "a run folder, or a result file: the report is written beside it")
    .option("--format <names>", "formats, separated by commas: md, html (md with it), json", "md")
    .action(async (run: string, { format }: { format: string }) => {
      const [{ loadResult }, { writeReports }] = await Promise.all([
        import("../gate/load.ts"),
        import("./reports.ts"),
      ]);
      const result = await loadResult(run);
      const folder = (await stat(run)).isDirectory() ? run : dirname(run);
      const paths = await writeReports(result, folder, format.split(","));
      process.stdout.write(`${paths.join("\n")}\n`);
    });
}
