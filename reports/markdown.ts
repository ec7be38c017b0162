/** `report.md`: the whole run on one page, what matters first. */
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Result } from "../harness/result.ts";
import { comparison } from "./comparison.ts";
import { bills, ledger, sampling } from "./costs.ts";
import { curves } from "./curves.ts";
import { frontier } from "./frontier.ts";
import { writeFrontiers } from "./frontier-files.ts";
import { pictures } from "./pictures.ts";
import { deviations, environment, failures, reproduction, warnings } from "./provenance.ts";
import { besidePublished } from "./published.ts";
import { encoders, reconstructions, referencePoints, scores } from "./scores.ts";
import { escaped } from "./text.ts";
import { verdicts } from "./verdicts.ts";

/** The report as Markdown; paths of pictures are relative to the run folder. */
export function markdown(result: Result): string {
  const { run } = result;
  const sections = [
    `**${escaped(run.match)}**`,
    run.banner === null ? null : `> ${escaped(run.banner)}`,
    `# ${escaped(run.dataset.name)} at ${run.resolution} px`,
    run.status === "incomplete" ? "**The run is incomplete.**" : null,
    verdicts(result),
    escaped(run.summary),
    scores(result),
    comparison(result),
    frontier(result),
    encoders(result),
    besidePublished(result),
    reconstructions(result),
    referencePoints(result),
    sampling(result),
    ledger(result),
    bills(result),
    curves(result),
    pictures(result),
    failures(result),
    warnings(result),
    deviations(result),
    environment(result),
    reproduction(result),
  ];
  return `${sections.filter((section) => section !== null).join("\n\n")}\n`;
}

export default {
  name: "md",
  /** Writes `report.md` into the run folder, and the plots that nothing else drew. */
  async write(result: Result, folder: string): Promise<readonly string[]> {
    await writeFileAtomic(join(folder, "report.md"), markdown(result));
    return ["report.md", ...(await writeFrontiers(result, folder))];
  },
};
