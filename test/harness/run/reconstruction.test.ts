import { describe, expect, it } from "vitest";
import type { Score } from "../../../harness/evaluate/score.ts";
import { product } from "../../../harness/linear-algebra/index.ts";
import type { Features } from "../../../harness/plugin.ts";
import { createStream } from "../../../harness/random/index.ts";
import { metricFamily, metricLabel } from "../../../harness/result.ts";
import type { ReconstructResult, ScoreResult } from "../../../harness/run/jobs.ts";
import { NO_PICTURES } from "../../../harness/run/pictures.ts";
import { reconstructionDistance } from "../../../harness/run/reconstruction-distance.ts";
import { reconstructionRows } from "../../../harness/run/reconstruction-rows.ts";

function noise(n: number, dims: number, shift = 0): Features {
  const features = new Float32Array(n * dims);
  createStream(0, "features").fillNormal(features);
  return { n, dims, features: features.map((z) => z + shift), classes: 1, logits: new Float32Array(n) };
}

const lite = { extractor: "efficientnet-lite0", multiply: product };

describe("the distance of reconstructions to their originals", () => {
  it.each([40, 4])("is 0 to themselves, and the squared shift of all, at n = %d", async (n) => {
    const originals = noise(n, 8);
    const same = await reconstructionDistance(originals, originals, lite);
    expect(same).toMatchObject({ metric: "rfd-efficientnet-lite0", n, standardError: null });
    expect(same.value).toBeCloseTo(0, 10);
    const shifted = await reconstructionDistance(noise(n, 8, 0.5), originals, lite);
    expect(shifted.value).toBeCloseTo(8 * 0.25, 5);
  });

  it("has the field's name on Inception alone", async () => {
    const { metric } = await reconstructionDistance(noise(9, 2), noise(9, 2), {
      ...lite,
      extractor: "inception",
    });
    expect([metric, metricLabel(metric, "inception@0"), metricFamily(metric, "inception@0")]).toEqual([
      "rfid",
      "rFID",
      "rfd",
    ]);
    expect(metricLabel("rfd-efficientnet-lite0", "efficientnet-lite0@0")).toBe("rFD");
  });
});

describe("rows of a reconstruction", () => {
  const scored = (metric: string): Score => ({
    metric,
    value: 1,
    standardError: null,
    unit: "",
    direction: "lower",
    n: 4,
    convention: "",
  });
  const score = {
    features: "inception@0",
    scores: ["fid-train", "rfid", "kid-train", "precision-train"].map(scored),
  } as unknown as ScoreResult;
  const rowsOf = (ssim: number | null, distance: ReconstructResult["distance"] = null) =>
    reconstructionRows("A", { measured: { n: 4, psnr: 20, ssim, distance }, score, pictures: NO_PICTURES });
  const metricsOf = (...measured: Parameters<typeof rowsOf>): string[] =>
    rowsOf(...measured).map(({ metric }) => metric);

  it("are distances and what images show, SSIM where its window fits", () => {
    expect(metricsOf(0.9)).toEqual(["fid-train", "rfid", "psnr", "ssim"]);
    expect(metricsOf(null)).toEqual(["fid-train", "rfid", "psnr"]);
  });

  it("end with the model's own distance where it has one, the lower the better", () => {
    const distance = { metric: "lpips-vgg", value: 0.25, convention: "LPIPS" };
    expect(rowsOf(0.9, distance).at(-1)).toMatchObject({
      metric: "lpips-vgg",
      value: 0.25,
      direction: "lower",
      convention: "mean over held-out images of LPIPS",
    });
    expect(metricLabel("lpips-vgg", "inception@0")).toBe("LPIPS (VGG16)");
  });
});
