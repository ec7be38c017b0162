/** Rows of a model's autoencoder: what it leaves of held-out images. */
import { scoreRows } from "../evaluate/score.ts";
import { metricFamily, type ResultRow } from "../result.ts";
import type { FoundEntry } from "./found.ts";
import { reconstructionName } from "./plan.ts";

export function reconstructionRows(
  entry: string,
  { measured, score }: NonNullable<FoundEntry["reconstruction"]>,
): ResultRow[] {
  const name = reconstructionName(entry);
  const ofImages = (
    metric: string,
    value: number,
    unit: string,
    convention: string,
    direction: ResultRow["direction"] = "higher",
  ): ResultRow => ({
    entry: name,
    metric,
    value,
    unit,
    direction,
    n: measured.n,
    standardError: null,
    convention: `mean over held-out images of ${convention}`,
  });
  const distances = score.scores.filter(({ metric }) =>
    ["fd", "rfd"].includes(metricFamily(metric, score.features)),
  );
  const { psnr, ssim, distance } = measured;
  return [
    ...scoreRows(name, distances),
    ofImages("psnr", psnr, "dB", "10·log10(255²/MSE)"),
    ...(ssim === null ? [] : [ofImages("ssim", ssim, "", SSIM)]),
    ...(distance ? [ofImages(distance.metric, distance.value, "", distance.convention, "lower")] : []),
  ];
}

const SSIM =
  "SSIM (Wang et al. 2004): 11×11 Gaussian window of σ 1.5, red, green and blue each by itself, no downsampling";
