import { describe, expect, it } from "vitest";
import { selectRows } from "../../harness/linear-algebra/index.ts";
import {
  covarianceOf,
  float32Mean,
  frechetDistance,
  frechetDistanceOfSamples,
  frechetDistanceOfStatistics,
  frechetInfinity,
  frechetInfinityOfSamples,
  frechetInfinitySizes,
  jackknifeGroups,
  meanOf,
  momentsOf,
  normalOfFeatures,
} from "../../harness/metrics/index.ts";
import { numpyLegacy } from "../../harness/random/numpy-legacy.ts";
import { openProduct } from "../../plugins/backends/onnxruntime/product.ts";
import { absent, entries, type Pair, pairs, tensor, where } from "./scores.ts";

const multiply = openProduct(2);
/** Where samples are fewer than dimensions, every tool adds roots of rounding noise to the trace. */
const RANK_DEFICIENT = 2e-4;
const FLOAT32_MEAN = ["clean-fid", "torch-fidelity", "guided-diffusion"];

const layers: Readonly<Record<string, string>> = { sfid: "spatial" };

async function statistics(pair: Pair, side: "ref" | "gen") {
  const moments = await momentsOf(pair.tensors(side), multiply);
  return { mean: meanOf(moments), covariance: covarianceOf(moments) };
}

describe.skipIf(absent)(`Fréchet distances of ${where}`, () => {
  const cases = pairs.flatMap((pair) =>
    ["fid", "sfid"].filter((id) => pair.scores[id]).map((id) => ({ id, pair, name: pair.name })),
  );

  it.each(cases)("$name: $id is the exact one", async ({ id, pair }) => {
    const [reference, generated] = [pair.tensors("ref", layers[id]), pair.tensors("gen", layers[id])];
    const exact = pair.scores[id]!.exact_f64!.value!;
    const normal = await normalOfFeatures(reference, multiply);
    const own = await normalOfFeatures(generated, multiply);
    expect((await frechetDistance(own, normal, multiply)) / exact).toBeCloseTo(1, 9);
    const groups = jackknifeGroups(new Uint8Array(generated.rows), 2);
    const { value } = await frechetDistanceOfSamples(generated, normal, groups, multiply);
    expect(value / exact).toBeCloseTo(1, 9);
  });

  it.each(
    cases.flatMap(({ id, pair, name }) =>
      entries(pair.scores[id])
        .filter(([, score]) => typeof score === "number")
        .map(([tool, value]) => ({ id, pair, name, tool, value })),
    ),
  )("$name: $id of $tool", async ({ id, pair, tool, value }) => {
    const [reference, generated] = [pair.tensors("ref", layers[id]), pair.tensors("gen", layers[id])];
    let [a, b] = [await normalOfFeatures(reference, multiply), await normalOfFeatures(generated, multiply)];
    if (FLOAT32_MEAN.includes(tool) && tensor(`gen.${generated.cols}`) instanceof Float32Array) {
      a = { ...a, mean: await float32Mean(reference) };
      b = { ...b, mean: await float32Mean(generated) };
    }
    const fullRank = Math.min(reference.rows, generated.rows) > reference.cols;
    const found = await frechetDistance(b, a, multiply);
    expect(Math.abs(found - value)).toBeLessThan(fullRank ? 1e-9 * value : RANK_DEFICIENT);
  });

  it.each(pairs.filter(({ scores }) => scores.fid))("$name: fid from statistics alone", async (pair) => {
    const [a, b] = [await statistics(pair, "gen"), await statistics(pair, "ref")];
    const exact = pair.scores.fid!.exact_f64!.value!;
    const fullRank = Math.min(pair.tensors("ref").rows, pair.tensors("gen").rows) > a.mean.length;
    const found = await frechetDistanceOfStatistics(a, b, multiply);
    // Of a covariance, rank-deficient, no more is left than its rounding.
    expect(Math.abs(found - exact)).toBeLessThan(fullRank ? 1e-9 * exact : 1e-6);
  });

  it.each(pairs.filter(({ scores }) => scores.fid))("$name: 0 to itself", async (pair) => {
    const reference = await normalOfFeatures(pair.tensors("ref"), multiply);
    expect(Math.abs(await frechetDistance(reference, reference, multiply))).toBeLessThan(1e-10);
    const itself = await statistics(pair, "ref");
    expect(Math.abs(await frechetDistanceOfStatistics(itself, itself, multiply))).toBeLessThan(1e-6);
  });

  it.each(pairs.filter(({ name, scores }) => scores.fd_infinity && tensor(`${name}.fdinf_indices`)))(
    "$name: FD∞",
    async (pair) => {
      const infinity = pair.scores.fd_infinity!;
      const generated = pair.tensors("gen");
      const sizes = frechetInfinitySizes(generated.rows);
      expect(sizes).toEqual(infinity.sizes);
      const indices = tensor(`${pair.name}.fdinf_indices`)!;
      const normal = await normalOfFeatures(pair.tensors("ref"), multiply);
      const distances: number[] = [];
      let from = 0;
      for (const [i, size] of sizes.entries()) {
        const subset = selectRows(generated, Array.prototype.slice.call(indices, from, from + size));
        from += size;
        distances.push(await frechetDistance(await normalOfFeatures(subset, multiply), normal, multiply));
        expect(Math.abs(distances[i]! - infinity.fd![i]!)).toBeLessThan(RANK_DEFICIENT);
      }
      const { value, slope } = frechetInfinity(sizes, distances);
      expect(Math.abs(value - infinity.fd_infinity!)).toBeLessThan(1e-6);
      expect(slope / infinity.slope!).toBeCloseTo(1, 6);
    },
  );

  it.each(pairs.filter(({ scores }) => scores.fd_infinity))("$name: FD∞ of its own draw", async (pair) => {
    const { fd_infinity, subsets } = pair.scores.fd_infinity!;
    const { choice } = numpyLegacy(Number(/^RandomState\((\d+)\)/.exec(String(subsets))![1]));
    const normal = await normalOfFeatures(pair.tensors("ref"), multiply);
    const { value } = await frechetInfinityOfSamples(pair.tensors("gen"), normal, choice, multiply);
    expect(Math.abs(value - fd_infinity!)).toBeLessThan(1e-6);
  });

  it.each(pairs.filter(({ scores }) => scores.fd_infinity))("$name: FD∞'s line", ({ scores }) => {
    const { sizes, fd, slope, fd_infinity } = scores.fd_infinity!;
    const found = frechetInfinity(sizes as never, fd as never);
    expect(found.value).toBeCloseTo(fd_infinity!, 9);
    expect(found.slope / slope!).toBeCloseTo(1, 9);
  });
});
