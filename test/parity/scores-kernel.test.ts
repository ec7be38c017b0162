import { describe, expect, it } from "vitest";
import {
  cleanFidSubsets,
  jackknifeGroups,
  kernelDistance,
  kernelDistanceOfSubsets,
  kernelReference,
  spreadOf,
  torchFidelitySubsets,
} from "../../harness/metrics/index.ts";
import { numpyLegacy } from "../../harness/random/numpy-legacy.ts";
import { openProduct } from "../../plugins/backends/onnxruntime/product.ts";
import { absent, entries, pairs, where } from "./scores.ts";

const multiply = openProduct(2);

/** Float64 but for kernels of float32 features, exact to 1e-6 of their size; the narrow features are stored in float64. */
const toleranceOf = (title: string, dims: number): number =>
  /float64/.test(title) || dims < 100 ? 1e-11 : 1e-6;

describe.skipIf(absent)(`kernel distances of ${where}`, () => {
  const cases = pairs.flatMap((pair) =>
    entries(pair.scores.kid).map(([title, score]) => ({ name: pair.name, pair, title, score })),
  );

  it.each(cases.filter(({ title }) => /^torch-fidelity seed/.test(title)))(
    "$name: $title",
    async ({ pair, title, score }) => {
      const { subsets, subset_size } = pair.scores.kid!;
      const [, seed, first, second] = /seed (\d+), input1=(\w+) input2=(\w+)/.exec(title)!;
      const [a, b] = [pair.tensors(first as "gen"), pair.tensors(second as "ref")];
      const plan = { count: subsets!, size: subset_size! };
      const drawn = torchFidelitySubsets(a.rows, b.rows, plan, numpyLegacy(Number(seed)).choice);
      const found = spreadOf(await kernelDistanceOfSubsets(a, b, drawn, multiply));
      const tolerance = toleranceOf(title, a.cols);
      expect(Math.abs(found.mean - score.mean!)).toBeLessThan(tolerance);
      expect(Math.abs(found.spread - score.std!)).toBeLessThan(tolerance);
    },
  );

  it.each(pairs.filter(({ scores }) => scores.kid?.["own f64 check of that"]))(
    "$name: every subset in float64",
    async (pair) => {
      const { subsets, subset_size, "own f64 check of that": own } = pair.scores.kid!;
      const [a, b] = [pair.tensors("gen"), pair.tensors("ref")];
      const plan = { count: subsets!, size: subset_size! };
      const drawn = torchFidelitySubsets(a.rows, b.rows, plan, numpyLegacy(2020).choice);
      const values = await kernelDistanceOfSubsets(a, b, drawn, multiply);
      const { mean, spread } = spreadOf(values);
      expect(mean).toBeCloseTo(own!.mean!, 11);
      expect(spread).toBeCloseTo(own!.std!, 11);
      for (const [i, value] of entries(own!.first_5_subsets))
        expect(values[Number(i)]).toBeCloseTo(value, 11);
    },
  );

  it.each(cases.filter(({ title }) => /^clean-fid .*np\.random\.seed\(\d+\)/.test(title)))(
    "$name: $title",
    async ({ pair, title, score }) => {
      const { subsets, subset_size } = pair.scores.kid!;
      const seed = Number(/np\.random\.seed\((\d+)\)/.exec(title)![1]);
      const [a, b] = [pair.tensors("gen"), pair.tensors("ref")];
      const plan = { count: subsets!, size: title.includes("defaults") ? 1000 : subset_size! };
      const drawn = cleanFidSubsets(a.rows, b.rows, plan, numpyLegacy(seed).choice);
      const { mean } = spreadOf(await kernelDistanceOfSubsets(a, b, drawn, multiply));
      expect(Math.abs(mean - score)).toBeLessThan(toleranceOf(title, a.cols));
    },
  );

  it.each(pairs.filter(({ scores }) => scores.kid))("$name: all samples, unbiased", async (pair) => {
    const generated = pair.tensors("gen");
    const reference = await kernelReference(pair.tensors("ref"), multiply);
    const groups = jackknifeGroups(new Uint8Array(generated.rows));
    const { value } = await kernelDistance(generated, reference, groups, multiply);
    expect(value).toBeCloseTo(pair.scores.kid!["own f64, all samples, unbiased"]!, 11);
  });
});
