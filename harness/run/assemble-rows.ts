/** Rows of a result, of everything that was found. */
import { scoreRows } from "../evaluate/score.ts";
import type { ResultRow } from "../result.ts";
import { milestoneRows } from "./assemble-milestones.ts";
import { resampledRows } from "./assemble-resamplings.ts";
import { elsewhereRows } from "./elsewhere-rows.ts";
import type { Found } from "./found.ts";
import { reconstructionRows } from "./reconstruction-rows.ts";
import { measureRows, probeRow } from "./rows.ts";

/** Of all entries and yardsticks; real held-out images beside the metrics that mean little without them. */
export function rowsOf(found: Found): ResultRow[] {
  const { entries, points } = found;
  const rows: ResultRow[] = [];
  for (const entry of entries) {
    const { planned, training, sampling, timing, score, probe, reconstruction } = entry;
    if (score) rows.push(...scoreRows(planned.name, score.scores));
    const sampled = sampling?.result;
    if (sampled && sampled.elsewhere !== null) rows.push(...elsewhereRows(planned.name, sampled, timing));
    else if (sampled && timing)
      rows.push(
        ...measureRows({
          planned,
          training: training.map(({ result }) => result),
          sampling: sampled,
          timing,
        }),
      );
    if (probe) rows.push(probeRow(planned.name, probe));
    if (reconstruction) rows.push(...reconstructionRows(planned.name, reconstruction));
    rows.push(...resampledRows(entry), ...milestoneRows(entry));
  }
  for (const { name, score } of points) if (score) rows.push(...scoreRows(name, score.scores));
  return besideReal(rows, found);
}

const BESIDE = ["class-accuracy", "memorisation"];

/** Puts what real held-out images score beside the metrics that mean little without it. */
function besideReal(rows: readonly ResultRow[], { points }: Found): ResultRow[] {
  const real = points[0]!;
  const realRows = new Map(
    rows.filter(({ entry }) => entry === real.name).map((row) => [row.metric, row.value]),
  );
  return rows.map((row) =>
    BESIDE.some((family) => row.metric.startsWith(family)) && realRows.has(row.metric)
      ? { ...row, beside: { label: real.name, value: realRows.get(row.metric)! } }
      : row,
  );
}
