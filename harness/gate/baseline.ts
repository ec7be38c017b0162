/** The baseline file: what later runs are compared with, and by which gates. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { EXIT, UserError } from "../errors.ts";
import { metricFamily, type Result, resultSchema } from "../result.ts";
import type { Measured } from "./comparable.ts";
import { checkGateNames, gatedRows } from "./match.ts";
import { readJson, validate } from "./read-json.ts";
import { type Gates, gatesSchema } from "./schema.ts";
import { checkSameRecipes } from "./seeds.ts";

/** Raised with `RESULT_SCHEMA_VERSION`, whose parts it holds, and when a reader would misread the rest. */
const BASELINE_SCHEMA_VERSION = 1;

const baselineSchema = z.strictObject({
  schemaVersion: z.literal(BASELINE_SCHEMA_VERSION),
  gates: gatesSchema,
  /** One, or several that differ in their training seed. */
  runs: z.array(resultSchema.pick({ run: true, env: true, results: true })).min(1),
});

export type Baseline = z.infer<typeof baselineSchema>;

const FIX = "make it with `epg-bench baseline save RUN --to FILE`";

/**
 * Writes a baseline file, whole or not at all.
 * @param results one run, or several that differ in their training seed alone
 * @param gates in place of `defaultGates`
 * @throws UserError on an incomplete run (exit 24), on runs that do not belong together, on gates that
 *   match nothing, and where the file cannot be written
 */
export async function saveBaseline(
  results: Result | readonly Result[],
  path: string,
  gates?: Gates,
): Promise<Baseline> {
  const runs: readonly Result[] = "run" in results ? [results] : results;
  checkSavable(runs);
  const baseline: Baseline = {
    schemaVersion: BASELINE_SCHEMA_VERSION,
    gates: gates ?? defaultGates(runs),
    runs: runs.map(({ run, env, results: rows }) => ({ run, env, results: rows })),
  };
  checkGateNames(baseline.gates, baseline.runs);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, `${JSON.stringify(baseline, null, 1)}\n`);
  } catch (error) {
    throw new UserError(
      `${path}: cannot be written (${(error as Error).message})`,
      "name another file with --to",
    );
  }
  return baseline;
}

/** @throws UserError where the file is absent, broken or of another schema version */
export async function loadBaseline(path: string): Promise<Baseline> {
  return validate(baselineSchema, BASELINE_SCHEMA_VERSION, await readJson(path, "baseline", FIX), path, FIX);
}

function checkSavable(runs: readonly Result[]): void {
  checkSameRecipes(runs);
  for (const { run } of runs)
    if (run.status !== "complete")
      throw new UserError(
        `run ${run.id} is incomplete, and a baseline must have every value`,
        "finish it with `epg-bench run --resume`, or mend the entry that failed",
        EXIT.incomplete,
      );
  const [first, ...others] = runs;
  for (const field of ["features", "resolution", "samples", "labels"] as const) {
    const other = others.find(({ run }) => run[field] !== first!.run[field]);
    if (other !== undefined)
      throw new UserError(
        `run.${field} is ${first!.run[field]} in run ${first!.run.id} and ${other.run[field]} in run ${other.run.id}`,
        "runs given together may differ in nothing but their training seed",
      );
  }
}

/**
 * What counting gives must not change; KID may worsen by 5 %, and so may FD where it has at least five
 * images a feature dimension (below that most of it is bias); speed is only told.
 */
export function defaultGates(runs: readonly Measured[]): Gates {
  const rows = runs.flatMap((measured) =>
    gatedRows(measured).map((row) => ({ ...row, family: metricFamily(row.metric, measured.run.features) })),
  );
  const gates: Gates = {};
  for (const metric of ["nfe", "parameters", "train-flops", "total-train-flops", "sample-flops-per-image"])
    if (rows.some((row) => row.metric === metric)) gates[metric] = ["error", { equal: true }];
  const enough = 5 * runs[0]!.run.featureDims;
  const distances = rows.filter(({ family }) => family === "fd");
  if (distances.length > 0 && distances.every(({ n }) => n !== null && n >= enough))
    gates.fd = ["error", { maxWorse: "5%" }];
  if (rows.some(({ family }) => family === "kid")) gates.kid = ["error", { maxWorse: "5%" }];
  if (rows.some(({ metric }) => metric === "throughput")) gates.throughput = ["warn", { maxWorse: "5%" }];
  return gates;
}
