/** A table that grows by a line a checkpoint while training goes on. */
import { metricLabel, type Result } from "../harness/result.ts";
import { arrow, count, quantity } from "./format.ts";
import { plain } from "./text.ts";

const NAME_WIDTH = 28;
const CELL_WIDTH = 18;

/** What stands over the columns of lines for such results. */
export const watchHead = ({ run, results }: Result): string =>
  line(
    "checkpoint",
    "n",
    results.map(({ metric, direction }) => `${metricLabel(metric, run.features)}${arrow(direction)}`),
  );

/** A checkpoint's n, and each of its scores with its error. */
export const watchLine = (name: string, { run, results }: Result): string =>
  line(
    plain(name),
    count(run.samples),
    results.map((row) => quantity(row)),
  );

const line = (name: string, n: string, cells: readonly string[]): string =>
  `${[name.padEnd(NAME_WIDTH), n.padStart(8), ...cells.map((cell) => cell.padStart(CELL_WIDTH))].join(" ")}\n`;
