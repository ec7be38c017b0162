/** What the samples look like. */
import type { Result, ResultEntry } from "../harness/result.ts";
import { count } from "./format.ts";
import { escaped, image } from "./text.ts";

export function pictures(result: Result): string | null {
  const { entries } = result.run;
  const parts = sections(entries.filter(({ kind }) => kind !== "resampled"));
  const again = sections(entries.filter(({ kind }) => kind === "resampled"));
  if (parts.length + again.length === 0) return null;
  const folded = ["<details><summary>Sampled again on the same terms</summary>", ...again, "</details>"];
  return ["## Samples", ...parts, ...(again.length > 0 ? folded : [])].join("\n\n");
}

const sections = (entries: readonly ResultEntry[]): string[] =>
  entries.flatMap((entry) => {
    const shown = picturesOf(entry);
    return shown.length === 0 ? [] : [`### ${escaped(entry.name)}`, ...shown];
  });

function picturesOf({ name, grid, film, filmSteps, neighbours }: ResultEntry): string[] {
  const parts: string[] = [];
  if (grid !== null) parts.push(image(`samples of ${name}`, grid));
  if (film !== null) {
    const steps = filmSteps.length === 0 ? "" : ` after ${filmSteps.map(count).join(", ")} steps`;
    parts.push(`Over training, the same seeds${steps}:`, image(`${name} over training`, film));
  }
  if (neighbours !== null)
    parts.push(
      "Eight samples, each beside its nearest training image:",
      image(`nearest training images of ${name}`, neighbours),
    );
  return parts;
}
