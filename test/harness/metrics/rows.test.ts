/** Every metric over rows that come tile by tile: the same numbers, and never more than a tile held. */
import { expect, it } from "vitest";
import type { Matrix, Rows } from "../../../harness/linear-algebra/index.ts";
import {
  admPrecisionRecall,
  densityCoverage,
  float32Mean,
  frechetDistanceOfSamples,
  frechetInfinityOfSamples,
  inceptionScore,
  inceptionScores,
  kernelDistance,
  kernelDistanceOfSubsets,
  kernelReference,
  memorisation,
  momentsOf,
  normalOfFeatures,
  precisionRecall,
  referenceBalls,
  torchFidelitySubsets,
  trainingNeighbours,
  vendiJackknife,
  vendiOfClasses,
} from "../../../harness/metrics/index.ts";
import { numpyLegacy } from "../../../harness/random/numpy-legacy.ts";
import { asRows, turns, uniformRows } from "./golden.ts";

const [samples, reference] = [uniformRows(1100, 5, 1), uniformRows(1300, 5, 2, 1.1)];
const groups = turns(1100, 6);
const { permutation, choice } = numpyLegacy(7);
const order = permutation(1100);
const subsets = torchFidelitySubsets(1100, 1300, { count: 2, size: 1050 }, choice);

type Source = Matrix | Rows;

it.each<[string, (x: Source, y: Source) => Promise<unknown>]>([
  ["moments", (x) => momentsOf(x)],
  ["float32 mean", (x) => float32Mean(x)],
  ["Fréchet distance", async (x, y) => frechetDistanceOfSamples(x, await normalOfFeatures(y), groups)],
  ["FD∞", async (x, y) => frechetInfinityOfSamples(x, await normalOfFeatures(y), numpyLegacy(1).choice)],
  ["kernel distance", async (x, y) => kernelDistance(x, await kernelReference(y), groups)],
  ["kernel distance of subsets", (x, y) => kernelDistanceOfSubsets(x, y, subsets)],
  ["precision and recall", async (x, y) => precisionRecall(x, await referenceBalls(y, 3), groups)],
  ["density and coverage", async (x, y) => densityCoverage(x, await referenceBalls(y, 5), groups)],
  ["precision and recall, halves", (x, y) => admPrecisionRecall(x, y, "half")],
  ["precision and recall, singles", (x, y) => admPrecisionRecall(x, y, "single")],
  ["memorisation", async (x, y) => memorisation(x, await trainingNeighbours(y))],
  ["Inception Score", (x) => inceptionScore(x, groups)],
  ["Inception Score of splits in an order", (x) => inceptionScores(x, 10, order)],
  ["Vendi score", (x) => vendiJackknife(x, groups)],
  ["Vendi score of classes", (x) => vendiOfClasses(x, turns(1100, 3))],
])("%s", async (_, metric) => {
  expect(await metric(asRows(samples), asRows(reference))).toEqual(await metric(samples, reference));
});
