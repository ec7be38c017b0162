/** The curves of a run, in `curves/` of its folder: CSV, TensorBoard events and a drawing of each stage. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { encodeEvents } from "../formats/tfevents.ts";
import type { TrainingCurve } from "../result.ts";
import { parseCurve, readCurve } from "./curve.ts";

/**
 * Keeps in the run folder what a stage left in its own, finished or broken off; null where it took no step.
 * @param name of the files
 * @param stage for people: "EPG: pre-training"
 * @param wallTime of the events: they were all written now
 */
export async function writeCurve(
  folder: string,
  name: string,
  stage: string,
  stored: string,
  wallTime: Date,
): Promise<TrainingCurve | null> {
  const text = await readCurve(stored);
  if (text === null) return null;
  const { scalars, points } = parseCurve(text);
  const csv = `curves/${name}.csv`;
  const svg = `curves/${name}.svg`;
  // TensorBoard takes a folder for one run.
  const events = join(folder, "curves", name);
  await mkdir(events, { recursive: true });
  await writeFileAtomic(join(folder, csv), text);
  const encoded = encodeEvents(
    points.map(({ step, values }) => ({
      step,
      wallTime: wallTime.getTime() / 1000,
      scalars: Object.fromEntries(scalars.map((scalar, i) => [scalar, values[i]!])),
    })),
  );
  await writeFileAtomic(join(events, "events.out.tfevents.epg-bench"), Buffer.from(encoded));
  const { lossPlot } = await import("../../reports/loss-plot.ts");
  const loss = points.map(({ flops, values }) => ({ flops, loss: values[0]! }));
  await writeFileAtomic(join(folder, svg), await lossPlot(stage, loss));
  return { stage, csv, svg };
}
