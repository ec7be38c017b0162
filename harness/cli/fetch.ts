import type { Command } from "commander";
import type { DownloadContext } from "../references/download.ts";
import type { Fetched } from "../references/fetch.ts";

export function define(command: Command): void {
  command
    .argument("<name>", "inception: the published weights of FID, Inception Score and KID")
    .option("--quiet", "no progress")
    .action(async (name: string, { quiet = false }: { quiet?: boolean }) => {
      const { fetchWeights } = await import("../references/fetch.ts");
      await fetchAndTell(quiet, (context) => fetchWeights(name, context));
    });
}

/** Fetches with progress; the path on stdout, what is to be said of it on stderr. */
export async function fetchAndTell(
  quiet: boolean,
  fetch: (context: DownloadContext) => Promise<Fetched>,
): Promise<void> {
  const { stderrProgress } = await import("./progress.ts");
  const progress = stderrProgress({ quiet });
  try {
    const { path, notes } = await fetch(progress);
    for (const note of notes) progress.note(note);
    process.stdout.write(`${path}\n`);
  } finally {
    progress.close();
  }
}
