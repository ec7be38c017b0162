/** Ledger lines of a training that broke off: the steps it took are paid for all the same. */
import { NOT_MEASURED, trainingLines, workOfSteps } from "../measure/ledger.ts";
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
  const work = { ...workOfSteps(steps, stage), ...NOT_MEASURED };
  return trainingLines(stage, work, entries, false).map((line) => ({ ...line, failed: true }));
}
