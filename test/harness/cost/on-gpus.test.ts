import { describe, expect, it } from "vitest";
import type { TrainingLine } from "../../../harness/cost/entry-cost.ts";
import { onGpus } from "../../../harness/cost/on-gpus.ts";
import { NOT_MEASURED } from "../../../harness/measure/ledger.ts";

const gpu = {
  name: "toy",
  peakFlops: 1e12,
  memoryBytes: 1e6,
  nodeLink: 1e9,
  networkLink: 1e8,
  source: "this test",
};

/** 100 steps of 12 images, 1 GMAC an image, 1,000 parameters. */
const line: TrainingLine = {
  stage: "training",
  entries: ["toy"],
  kind: "training",
  steps: 100,
  batchSize: 12,
  images: 1200,
  macs: 1200e9,
  flops: 2500e9,
  forwardMacs: 400e9,
  recomputedMacs: 0,
  parameters: 1000,
  // Weights, two moments and an average.
  memory: { stateBytes: 16_000, peakBytes: 1_200_000, recomputingPeakBytes: () => 200_000 },
  ...NOT_MEASURED,
  cached: false,
};

const stageOn = (count: number, utilisation = 0.5, training = line) =>
  onGpus({ training: [training] }, { gpu, count, utilisation })[0]!;

describe("training on N GPUs", () => {
  it("takes 2 FLOPs a MAC of the peak's part, and communicates nothing on one", () => {
    // 12 images · 2 GFLOP / 0.5 TFLOP/s
    expect(stageOn(1)).toMatchObject({ imagesPerGpu: 12, stepSeconds: 0.048, communication: null });
    expect(stageOn(1).gpuHours).toBeCloseTo((100 * 0.048) / 3600, 12);
  });

  it("takes longer where blocks are computed anew", () => {
    expect(stageOn(1, 0.5, { ...line, recomputedMacs: 400e9 }).stepSeconds).toBeCloseTo(0.064, 12);
  });

  it("waits for the GPU that has the most images", () => {
    expect(stageOn(8)).toMatchObject({ imagesPerGpu: 2, stepSeconds: 0.008 });
    expect(stageOn(8).gpuHours / stageOn(4).gpuHours).toBeCloseTo(16 / 12, 12);
  });

  it("sends 2 (N − 1) / N of the gradients over the slowest link, which no step is shorter than", () => {
    // 7/4 · 4,000 bytes
    expect(stageOn(8).communication).toEqual({ bytes: 7000, seconds: 7e-6 });
    expect(stageOn(16).communication).toEqual({ bytes: 7500, seconds: 7.5e-5 });
    expect(stageOn(16, 1, { ...line, parameters: 1e9 }).stepSeconds).toBe(75);
  });

  it("holds weights twice over, moments, gradients and its part of the activations", () => {
    const parameters = 6000;
    const moments = 12_000;
    const gradients = 4000;
    const of = (count: number) => stageOn(count).memory!;
    expect(of(4)).toEqual({
      parameters,
      moments,
      gradients,
      activations: 150_000,
      total: 172_000,
      fits: true,
      recomputingTotal: null,
    });
    expect(of(1)).toMatchObject({ activations: 600_000, fits: true });
    expect(
      stageOn(1, 0.5, {
        ...line,
        memory: { stateBytes: 16_000, peakBytes: 2_000_000, recomputingPeakBytes: () => 200_000 },
      }).memory,
    ).toMatchObject({
      total: 1_022_000,
      fits: false,
      recomputingTotal: 122_000,
    });
  });

  it("of an encoding is a matter of its MACs alone", () => {
    const encoding = { ...line, kind: "encoding" as const, steps: null, memory: null };
    expect(stageOn(8, 0.5, encoding)).toMatchObject({ stepSeconds: null, communication: null, memory: null });
    expect(stageOn(8, 0.5, encoding).gpuHours).toBeCloseTo(4.8 / 3600, 12);
  });
});
