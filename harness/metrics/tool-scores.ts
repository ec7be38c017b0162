/** Scores as the evaluation tools define them, each tool's draws and orders by NumPy's legacy generator. */
import { chosenRows, type Matrix, type Product, product, type Rows } from "../linear-algebra/index.ts";
import type { Choice } from "./choice.ts";
import { inceptionScores, inceptionScoresOfChunks, inceptionScoresOfWholeSplits } from "./inception-score.ts";
import { type Jackknifed, jackknifeGroups } from "./jackknife.ts";
import { kernelDistanceOfSubsets } from "./kernel-distance.ts";
import { cleanFidSubsets, type SubsetPlan, torchFidelitySubsets } from "./kernel-subsets.ts";
import { densityCoverage, fScore, precisionRecall, referenceBalls } from "./precision-recall.ts";
import { type Spread, spreadOf } from "./spread.ts";

/** dgm-eval draws as clean-fid does: no more than either side has, reference rows first. */
const SUBSETS = {
  "torch-fidelity": torchFidelitySubsets,
  "clean-fid": cleanFidSubsets,
  "dgm-eval": cleanFidSubsets,
};

/**
 * KID (dgm-eval: KD) of 100 subsets of 1000 rows: its mean, and the spread that torch-fidelity prints as `std` and
 * dgm-eval as `kd_variance`. Float64, where torch-fidelity and clean-fid compute in float32.
 *
 * @param choice torch-fidelity's is of seed 2020; the other tools do not seed theirs
 * @throws RangeError by torch-fidelity's rule where a side has fewer rows than a subset
 */
export async function kernelDistanceOfTool(
  tool: keyof typeof SUBSETS,
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  choice: Choice,
  multiply: Product = product,
  plan: SubsetPlan = { count: 100, size: 1000 },
): Promise<Spread> {
  const subsets = SUBSETS[tool](samples.rows, reference.rows, plan, choice);
  return spreadOf(await kernelDistanceOfSubsets(samples, reference, subsets, multiply));
}

/**
 * Inception Score: torch-fidelity's and dgm-eval's of 10 splits of the rows in a random order, ADM's of chunks of 5000
 * as they come, of which it prints the mean alone.
 *
 * @param permutation a random order of n; both tools' is of seed 2020
 */
export async function inceptionScoreOfTool(
  tool: "guided-diffusion" | "torch-fidelity" | "dgm-eval",
  logits: Matrix | Rows,
  permutation: (n: number) => Int32Array,
): Promise<Spread> {
  if (tool === "guided-diffusion") return spreadOf(await inceptionScoresOfChunks(logits, 5000));
  const scores = tool === "dgm-eval" ? inceptionScoresOfWholeSplits : inceptionScores;
  return spreadOf(await scores(logits, 10, permutation(logits.rows)));
}

/** Precision and recall, k = 3, border included, and their harmonic mean. */
export async function torchFidelityPrecisionRecall(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  groups: Int32Array,
  multiply: Product = product,
): Promise<{ precision: Jackknifed; recall: Jackknifed; fScore: number }> {
  const balls = await referenceBalls(reference, 3, multiply);
  const found = await precisionRecall(samples, balls, groups, multiply);
  return { ...found, fScore: fScore(found.precision.value, found.recall.value) };
}

/** Rows dgm-eval draws of either side at most. */
const MOST = 10_000;

/**
 * Precision, recall, density and coverage, k = 5, border excluded, of as many rows of either side drawn at random,
 * reference rows first. Errors are of jackknife groups of the draw.
 *
 * @param choice the tool's is of NumPy's global generator, which it does not seed
 */
export async function dgmEvalPrecisionRecall(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  choice: Choice,
  multiply: Product = product,
): Promise<Record<"precision" | "recall" | "density" | "coverage", Jackknifed>> {
  const size = Math.min(MOST, samples.rows, reference.rows);
  const balls = await referenceBalls(chosenRows(reference, choice(reference.rows, size)), 5, multiply);
  const drawn = chosenRows(samples, choice(samples.rows, size));
  const groups = jackknifeGroups(new Uint8Array(size));
  return {
    ...(await precisionRecall(drawn, balls, groups, multiply, "out")),
    ...(await densityCoverage(drawn, balls, groups, multiply)),
  };
}
