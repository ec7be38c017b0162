import { describe, expect, it } from "vitest";
import {
  admPrecisionRecall,
  densityCoverage,
  fScore,
  jackknifeGroups,
  precisionRecall,
  referenceBalls,
} from "../../harness/metrics/index.ts";
import { openProduct } from "../../plugins/backends/onnxruntime/product.ts";
import { absent, entries, pairs, where } from "./scores.ts";

const multiply = openProduct(2);

describe.skipIf(absent)(`precision, recall, density and coverage of ${where}`, () => {
  const cases = pairs.flatMap((pair) =>
    entries(pair.scores.prdc).map(([title, tools]) => ({
      name: pair.name,
      pair,
      title,
      tools,
      k: Number(title.replace("k=", "")),
    })),
  );

  it.each(cases)("$name, $title: the float64 counts, and every tool's shares", async ({ pair, tools, k }) => {
    const [reference, generated] = [pair.tensors("ref"), pair.tensors("gen")];
    const [m, n] = [reference.rows, generated.rows];
    const balls = await referenceBalls(reference, k, multiply);
    const groups = jackknifeGroups(new Uint8Array(n));
    const { precision, recall } = await precisionRecall(generated, balls, groups, multiply);
    const { density, coverage } = await densityCoverage(generated, balls, groups, multiply);
    const counts = tools["own f64 counts"]!;
    const found = [precision.value * n, recall.value * m, density.value * k * n, coverage.value * m];
    expect(found.map(Math.round)).toEqual([counts.precision, counts.recall, counts.density, counts.coverage]);
    for (const name of ["prdc", "prdc, float64 features", "torch-fidelity"]) {
      const tool = tools[name];
      if (tool === undefined) continue;
      expect(precision.value).toBeCloseTo(tool.precision!, 6);
      expect(recall.value).toBeCloseTo(tool.recall!, 6);
      if (tool.density !== undefined) expect(density.value).toBeCloseTo(tool.density, 9);
      if (tool.coverage !== undefined) expect(coverage.value).toBeCloseTo(tool.coverage, 9);
      if (tool.f_score !== undefined)
        expect(fScore(precision.value, recall.value)).toBeCloseTo(tool.f_score, 6);
    }
  });

  it.each(cases.filter(({ tools }) => tools["guided-diffusion"]))(
    "$name, $title: ADM in single and in half precision",
    async ({ pair, tools, k }) => {
      const [reference, generated] = [pair.tensors("ref"), pair.tensors("gen")];
      const adm = tools["guided-diffusion"]!;
      const single = await admPrecisionRecall(generated, reference, "single", k, multiply);
      const own = adm["adm with float16 replaced by float32"]!;
      // A float32 sum in another order may move one decision.
      expect(Math.abs(single.precision - own.precision!) * generated.rows).toBeLessThan(1.5);
      expect(Math.abs(single.recall - own.recall!) * reference.rows).toBeLessThan(1.5);
      const half = await admPrecisionRecall(generated, reference, "half", k, multiply);
      const emulated = adm["own emulation of the float16 path, float32 accumulation"]!;
      expect(Math.abs(half.precision - emulated.precision!) * generated.rows).toBeLessThan(1.5);
      expect(Math.abs(half.recall - emulated.recall!) * reference.rows).toBeLessThan(1.5);
    },
  );
});
