/** How long the scores of the default run take: 512 samples, 1,024 reference images, 1,280 features. */
import {
  fitRidgeClassifier,
  frechetDistanceOfSamples,
  jackknifeGroups,
  kernelDistance,
  kernelReference,
  normalOfFeatures,
  precisionRecall,
  referenceBalls,
} from "../harness/metrics/index.ts";
import { features } from "./features.ts";
import { type BenchRow, median } from "./row.ts";

const groups = jackknifeGroups(new Uint8Array(512));

/** Medians of three, in milliseconds, on one thread, after one run to warm up. */
export const METRICS: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "fd-jackknife-512x1280": async () => {
    const [samples, reference] = [features(512, 1), features(1024, 2)];
    return timed("fd-jackknife-512x1280", async () =>
      frechetDistanceOfSamples(samples, await normalOfFeatures(reference), groups),
    );
  },
  "kid-jackknife-512x1280": async () => {
    const [samples, kernel] = [features(512, 1), await kernelReference(features(1024, 2))];
    return timed("kid-jackknife-512x1280", () => kernelDistance(samples, kernel, groups));
  },
  "precision-recall-jackknife-512x1280": async () => {
    const [samples, balls] = [features(512, 1), await referenceBalls(features(1024, 2), 3)];
    return timed("precision-recall-jackknife-512x1280", () => precisionRecall(samples, balls, groups));
  },
  "ridge-classifier-2048x1280": async () => {
    const train = features(2048, 3);
    const labels = Uint8Array.from({ length: 2048 }, (_, i) => i % 10);
    return timed("ridge-classifier-2048x1280", () => fitRidgeClassifier(train, labels, 10));
  },
};

async function timed(id: string, run: () => Promise<unknown>): Promise<BenchRow> {
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    await run();
    if (i > 0) times.push(performance.now() - start);
  }
  return { id, unit: "ms", value: median(times), peers: {} };
}
