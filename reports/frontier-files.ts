/** The frontiers of a run, drawn into its folder. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Result } from "../harness/result.ts";
import { frontiers } from "./frontier.ts";

/** @returns the paths written, relative to the run folder */
export async function writeFrontiers(result: Result, folder: string): Promise<string[]> {
  const written: string[] = [];
  for (const one of frontiers(result)) {
    // Vega is large: loaded where there is something to draw.
    const { frontierPlot } = await import("./frontier-plot.ts");
    await mkdir(join(folder, dirname(one.svg)), { recursive: true });
    await writeFileAtomic(join(folder, one.svg), await frontierPlot(one));
    written.push(one.svg);
  }
  return written;
}
