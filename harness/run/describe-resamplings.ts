/** What `--dry-run` prints of the rows that a comparison adds: nothing of them has run. */
import Table from "cli-table3";
import type { Plan } from "./plan.ts";
import { type ResamplingCost, resamplingCost } from "./resampling-cost.ts";
import type { SettledConfig } from "./settle.ts";

const HEAD = ["row", "NFE", "decoder calls", "GMACs an image", "GFLOPs of samples", "GFLOPs of trials"];

/** "unknown" where it is. */
export const giga = (n: number | null): string =>
  n === null ? "unknown" : (n / 1e9).toLocaleString("en", { maximumSignificantDigits: 4 });

/** A table of them, an image of each sampled on a backend that computes nothing; no line where there are none. */
export async function describeResamplings(config: SettledConfig, { entries, task }: Plan): Promise<string[]> {
  const rows: string[][] = [];
  for (const entry of entries)
    for (const planned of entry.resamplings)
      rows.push(cells(await resamplingCost(config, task, entry.name, planned)));
  if (rows.length === 0) return [];
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "right", "right", "right", "right", "right"],
  });
  table.push(...rows);
  const { guidance, validationSamples } = config.comparison!;
  return [
    "Sampled again from the same weights, on the same terms for every entry:",
    table.toString(),
    ...(guidance.length > 1
      ? [
          `A matched row's guidance is chosen from ${guidance.join(", ")}: ${guidance.length} trials of ${validationSamples} images.`,
        ]
      : []),
  ];
}

const cells = ({
  name,
  nfe,
  decoderCalls,
  macsPerImage,
  sampleFlops,
  trialFlops,
}: ResamplingCost): string[] => [
  name,
  `${nfe ?? "unknown"}`,
  `${decoderCalls}`,
  giga(macsPerImage),
  giga(sampleFlops),
  trialFlops === 0 ? "" : giga(trialFlops),
];
