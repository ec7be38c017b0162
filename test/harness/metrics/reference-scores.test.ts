/** What public tools and plain float64 NumPy give on stored features (the inception fixtures' scores.json). */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../../harness/formats/safetensors.ts";
import { featureMatrix, type Matrix } from "../../../harness/linear-algebra/index.ts";
import {
  densityCoverage,
  frechetDistance,
  frechetDistanceOfSamples,
  inceptionScores,
  jackknifeGroups,
  kernelDistance,
  kernelReference,
  momentsOf,
  normalOfFeatures,
  normalOfMoments,
  precisionRecall,
  referenceBalls,
  vendiScore,
} from "../../../harness/metrics/index.ts";
import { uniformRows } from "./golden.ts";

const fixtures =
  process.env.EPG_BENCH_FIXTURES ?? resolve(import.meta.dirname, "../../../../shared/fixtures");
const folder = resolve(fixtures, "inception");
const absent = !existsSync(resolve(folder, "pooled.safetensors"));

type Scores = { readonly [key: string]: number & Scores };
const read = absent ? null : JSON.parse(readFileSync(resolve(folder, "scores.json"), "utf8"));
const scores = read as Scores;
const tensors = absent ? {} : decodeSafetensors(readFileSync(resolve(folder, "pooled.safetensors"))).tensors;

function rows(name: string): Matrix {
  const { data, shape } = tensors[name]!;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new Error(`${name} holds no floats`);
  return featureMatrix(name, data, shape[1]!);
}

describe.skipIf(absent)(
  "scores on stored features (skipped where the inception fixtures are not here)",
  () => {
    it.each([
      ["pair64", "fid", "pair64.ref", "pair64.gen"],
      ["pair2048", "fid", "ref.2048", "gen.2048"],
      ["pair2048", "sfid", "ref.spatial", "gen.spatial"],
    ])("%s: %s is the exact one", async (pair, score, referenceName, generatedName) => {
      const [reference, generated] = [rows(referenceName), rows(generatedName)];
      const normal = await normalOfFeatures(reference);
      const exact = scores[pair]![score]!.exact_f64!.value!;
      expect((await frechetDistance(await normalOfFeatures(generated), normal)) / exact).toBeCloseTo(1, 10);
      const groups = jackknifeGroups(new Uint8Array(generated.rows), 2);
      expect((await frechetDistanceOfSamples(generated, normal, groups)).value / exact).toBeCloseTo(1, 10);
    });

    it("pair2048: fid of the reference with itself is 0", async () => {
      const reference = await normalOfFeatures(rows("ref.2048"));
      expect(Math.abs(await frechetDistance(reference, reference))).toBeLessThan(1e-10);
    });

    it("pair64: fid from additive moments", async () => {
      const [a, b] = [await momentsOf(rows("pair64.gen")), await momentsOf(rows("pair64.ref"))];
      const value = await frechetDistance(await normalOfMoments(a), await normalOfMoments(b));
      expect(value / scores.pair64!.fid!.exact_f64!.value!).toBeCloseTo(1, 11);
    });

    it.each([
      ["pair64", "pair64.ref", "pair64.gen"],
      ["pair2048", "ref.2048", "gen.2048"],
    ])("%s: kid, precision, recall, density, coverage", async (pair, referenceName, generatedName) => {
      const [reference, generated] = [rows(referenceName), rows(generatedName)];
      const groups = jackknifeGroups(new Uint8Array(generated.rows));
      const kid = await kernelDistance(generated, await kernelReference(reference), groups);
      expect(kid.value).toBeCloseTo(scores[pair]!.kid!["own f64, all samples, unbiased"]!, 11);
      for (const k of [3, 5]) {
        const counts = scores[pair]!.prdc![`k=${k}`]!["own f64 counts"]!;
        const balls = await referenceBalls(reference, k);
        const { precision, recall } = await precisionRecall(generated, balls, groups);
        const { density, coverage } = await densityCoverage(generated, balls, groups);
        expect(precision.value * counts.n_gen!).toBeCloseTo(counts.precision!, 9);
        expect(recall.value * counts.n_ref!).toBeCloseTo(counts.recall!, 9);
        expect(density.value * k * counts.n_gen!).toBeCloseTo(counts.density!, 9);
        expect(coverage.value * counts.n_ref!).toBeCloseTo(counts.coverage!, 9);
      }
    });

    it("vendi and the Inception Score", async () => {
      const key = "vendi-score score_X, float64";
      expect(await vendiScore(rows("pair64.ref"))).toBeCloseTo(scores.pair64!.vendi_ref![key]!, 9);
      expect(await vendiScore(rows("ref.2048"))).toBeCloseTo(scores.pair2048!.vendi_ref![key]!, 9);
      const logits = uniformRows(500, 1008, 300);
      for (let i = 0; i < 500; i++) {
        for (let c = 0; c < 1008; c++) {
          const at = i * 1008 + c;
          const own = c % 10 === Math.floor((10 * i) / 500) ? 8 : 0;
          logits.data[at] = Math.fround(12 * (2 * logits.data[at]! - 1) + own);
        }
      }
      const tool = scores.synthetic_logits!;
      const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
      expect(mean(inceptionScores(logits))).toBeCloseTo(tool["torch-fidelity 1 split"]!.mean!, 8);
      expect(mean(inceptionScores(logits, 10))).toBeCloseTo(
        tool["torch-fidelity 10 splits, not shuffled"]!.mean!,
        9,
      );
    });
  },
);
