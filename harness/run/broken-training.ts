/** Ledger lines of a training that broke off: the steps it took are paid for all the same. */
import { NOT_MEASURED, trainingLines } from "../measure/ledger.ts";
import type { LedgerLine } from "../result.ts";
import { parseCurve, readCurve } from "./curve.ts";
import type { PlannedStage } from "./plan-stages.ts";

/** By the stage's curve, which of a long stage keeps every k-th step; none where it took no step. @param entries that share it */
export async function brokenTrainingLines(
  stage: PlannedStage,
  entries: readonly string[],
): Promise<LedgerLine[]> {
  const curve = await readCurve(stage.folder);
  if (curve === null) return [];
  const { step: steps } = parseCurve(curve).points.at(-1)!;
  const { batchSize, macs, flops, recomputed, encoding, preparation, parameters } = stage;
  const work = {
    steps,
    batchSize,
    images: steps * batchSize,
    macs: steps * macs,
    flops: steps * flops,
    parameters,
    recomputed: { macs: steps * recomputed.macs, flops: steps * recomputed.flops },
    encoding: { macs: steps * encoding.macs, flops: steps * encoding.flops },
    preparation,
    ...NOT_MEASURED,
  };
  return trainingLines(stage, work, entries, false).map((line) => ({ ...line, failed: true }));
}
