/** Entries side by side on like terms: as published, and sampled again at the same numbers of calls. */
import { DECODING } from "../harness/measure/ledger.ts";
import type { Result, ResultEntry } from "../harness/result.ts";
import { metricFamily, metricLabel } from "../harness/result.ts";
import { arrow, columnSize, count, NO_VALUE, quantity } from "./format.ts";
import { termsOf } from "./frontier.ts";
import { metricsOf, rowOf } from "./metric-table.ts";
import { type Column, escaped, list, table } from "./text.ts";

const QUALITY = ["fd", "kid"];

/** null where nothing was sampled again. */
export function comparison(result: Result): string | null {
  const { run } = result;
  if (!run.comparison) return null;
  const rows = run.entries.filter((entry) => termsOf(entry) !== null);
  return [
    "## On the same terms",
    comparisonTable(result, rows),
    "Cheapest first, by the MACs of an image. *As published*: an entry by its own sampler and guidance. *Unguided* and *matched*: the " +
      "same weights in the most steps within the calls given, by Heun's method of EDM or, where the model has none, by the solver named; a " +
      "model of one step by its one step. *Matched* is guided in the interval that the entry names, or else in EPG's, guidance's calls among those given. The same seeds and labels in every row.",
    ...unmatched(result),
    ...choices(result),
  ].join("\n\n");
}

function comparisonTable(result: Result, entries: readonly ResultEntry[]): string {
  const quality = metricsOf(result, ({ metric }) =>
    QUALITY.includes(metricFamily(metric, result.run.features)),
  );
  const right = (head: string): Column => ({ head, align: "right" });
  const columns = [
    { head: "" },
    { head: "Terms" },
    right("Calls given"),
    { head: "Solver" },
    right("Guidance"),
    right("MACs an image ↓"),
    right("of them decoder's"),
    right("NFE"),
    right("Decoder calls"),
    ...quality.map((metric) =>
      right(`${escaped(metricLabel(metric, result.run.features))}${arrow("lower")}`),
    ),
    right("Images/s"),
  ];
  const macs = ({ name }: ResultEntry): number => rowOf(result, name, "macs-per-image")?.value ?? Infinity;
  const size = columnSize(entries.map(({ name }) => rowOf(result, name, "macs-per-image")?.value ?? null));
  const lines = [...entries]
    .sort((a, b) => macs(a) - macs(b) || 0)
    .map((entry) => {
      const cell = (metric: string): string => {
        const row = rowOf(result, entry.name, metric);
        return row === undefined ? NO_VALUE : escaped(quantity(row));
      };
      const rate = (row: ResultEntry): string =>
        quantity({ ...(rowOf(result, row.name, "throughput") ?? { value: null }), unit: "" });
      const { resampled, sampling, status, name } = entry;
      return [
        `${escaped(resampled?.of ?? name)}${status === "failed" ? " (failed)" : ""}`,
        termsOf(entry)!,
        count(resampled?.calls ?? null),
        escaped([sampling.solver, sampling.steps].filter((part) => part !== undefined).join(" ")),
        guidanceCell(sampling),
        quantity({ value: rowOf(result, name, "macs-per-image")?.value ?? null, unit: "MAC", size }),
        quantity({ value: decoderMacs(result, entry), unit: "MAC", size }),
        cell("nfe"),
        cell("decoder-calls"),
        ...quality.map(cell),
        rate(entry),
      ];
    });
  return table(columns, lines);
}

function guidanceCell({ guidanceScale, guidanceLow, guidanceHigh }: ResultEntry["sampling"]): string {
  if (guidanceScale === undefined || guidanceScale === 1) return "none";
  const everywhere = guidanceLow === undefined && guidanceHigh === undefined;
  const interval = `, ${guidanceLow ?? 0} < σ${guidanceHigh === "none" ? "" : ` ≤ ${guidanceHigh}`}`;
  return escaped(`${guidanceScale}${everywhere ? "" : interval}`);
}

/** Of an image, by the ledger: a row's own line, whose trials have names of their own. */
const decoderMacs = ({ ledger }: Result, { name }: ResultEntry): number =>
  ledger
    .filter(
      ({ kind, entries, stage, failed }) =>
        kind === "decoding" && entries.includes(name) && stage === DECODING && !failed,
    )
    .reduce((sum, { macs, images }) => sum + (macs ?? 0) / images, 0);

/** Entries without a row on like terms, guided, and why. */
function unmatched({ run }: Result): string[] {
  const lacking = run.entries.flatMap(({ name, unmatched: why }) =>
    why === undefined ? [] : [`${escaped(name)}: ${escaped(why)}`],
  );
  return lacking.length === 0 ? [] : ["Without a matched row:", list(lacking)];
}

/** How each guidance was chosen. */
function choices({ run }: Result): string[] {
  const chosen = run.entries.flatMap(({ name, resampled }) => {
    if (!resampled || resampled.trials.length === 0) return [];
    const trials = resampled.trials.map(
      ({ guidance, kid, standardError }) => `${guidance}: ${quantity({ value: kid, standardError })}`,
    );
    return [`${escaped(name)}: KID at ${escaped(trials.join("; "))}`];
  });
  const first = run.entries.find(({ resampled }) => resampled?.trials.length)?.resampled?.trials[0];
  if (!first) return [];
  return [
    `Guidance was chosen by trials, as many for every matched row: the scale of the lowest KID of ${count(first.n)} samples, from seeds ` +
      `that are not those of the rows, against the ${count(first.heldOut)} held-out images, which neither training nor the reference holds. ` +
      "What the trials took has lines of its own in the ledger.",
    list(chosen),
  ];
}
