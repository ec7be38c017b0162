import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../../../harness/evaluate/image-set.ts";
import { referencePass } from "../../../harness/evaluate/reference-pass.ts";
import { admCentreCrop } from "../../../harness/formats/adm-crop.ts";
import type { Image } from "../../../harness/formats/image.ts";
import { writeNpz } from "../../../harness/formats/npz-writer.ts";
import { readStatistics } from "../../../harness/formats/statistics.ts";
import { matrix, product } from "../../../harness/linear-algebra/index.ts";
import { covarianceOf, meanOf, momentsOf } from "../../../harness/metrics/index.ts";
import type { LayerExtractor } from "../../../harness/plugin.ts";
import { createStream } from "../../../harness/random/index.ts";
import { readAdmSamples } from "../../fixtures/adm-samples.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const SIDE = 6;

/** Images of several sizes. */
const IMAGES: Image[] = Array.from({ length: 23 }, (_, i) => {
  const [width, height] = [5 + (i % 4) * 4, 6 + (i % 3) * 5];
  const noise = new Float32Array(width * height * 3);
  createStream(i, "image").fillUniform(noise);
  return { width, height, data: Uint8Array.from(noise, (value) => value * 256) };
});

const SET: ImageSet = {
  path: "images",
  length: IMAGES.length,
  labels: null,
  names: IMAGES.map((_, i) => `${i}`),
  warnings: [],
  headers: null,
  async *batches(size) {
    for (let start = 0; start < IMAGES.length; start += size) yield IMAGES.slice(start, start + size);
  },
  close: async () => {},
};

/** The means of the channels, and the first two pixels' reds. */
const features = ({ data }: Image) => ({
  pooled: [0, 1, 2].map((c) => data.filter((_, i) => i % 3 === c).reduce((a, b) => a + b, 0) / data.length),
  spatial: [data[0]!, data[3]!],
});

const EXTRACTOR: LayerExtractor = {
  name: "toy",
  id: "toy@1",
  batchSize: 4,
  description: "",
  extract: async (images) => ({
    pooled: Float32Array.from(images.flatMap((image) => features(image).pooled)),
    spatial: Float32Array.from(images.flatMap((image) => features(image).spatial)),
  }),
  dispose: async () => {},
};

const MEANS = [
  { mean: "mu", layer: "pooled", dimensions: 3 },
  { mean: "mu_s", layer: "spatial", dimensions: 2 },
];

async function made(kept: number) {
  const file = join(temporaryFolder(), "reference.npz");
  const done: number[] = [];
  const pass = referencePass(SET, {
    extractor: EXTRACTOR,
    means: MEANS,
    multiply: product,
    resolution: SIDE,
    kept,
    progress: (count) => done.push(count),
  });
  await writeNpz(file, pass.arrays);
  return { file, summary: pass.summary(), done };
}

const crops = IMAGES.map((image) => admCentreCrop(image, SIDE));

describe("referencePass", () => {
  it("writes the statistics of the squares, exactly", async () => {
    const { file, done } = await made(5);
    for (const { mean, layer } of MEANS) {
      const rows = crops.map((crop) => features(crop)[layer as "pooled" | "spatial"].map(Math.fround));
      const moments = await momentsOf(matrix(rows.length, rows[0]!.length, Float64Array.from(rows.flat())));
      const found = await readStatistics(file, mean);
      found.mean.forEach((value, i) => void expect(value).toBeCloseTo(meanOf(moments)[i]!, 9));
      const covariance = covarianceOf(moments).data;
      found.covariance.forEach((value, i) => void expect(value).toBeCloseTo(covariance[i]!, 9));
    }
    expect(done).toEqual([4, 8, 12, 16, 20, 23]);
  });

  it("keeps images at equal distances, all where there are no more", async () => {
    const few = await readAdmSamples((await made(5)).file);
    expect(few.shape).toEqual([5, SIDE, SIDE, 3]);
    const places = [4, 9, 13, 18, 22];
    expect(Buffer.from(few.images)).toEqual(Buffer.concat(places.map((i) => crops[i]!.data)));
    const all = await readAdmSamples((await made(23)).file);
    expect(Buffer.from(all.images)).toEqual(Buffer.concat(crops.map(({ data }) => data)));
  });

  it("makes the same statistics without images", async () => {
    const [with5, without] = [await made(5), await made(0)];
    expect(await readStatistics(without.file)).toEqual(await readStatistics(with5.file));
    expect(await readStatistics(without.file, "mu_s")).toEqual(await readStatistics(with5.file, "mu_s"));
    await expect(readAdmSamples(without.file)).rejects.toThrow(/arr_0/);
    expect(without.summary).toEqual(with5.summary);
  });

  it("tells by what pixels the statistics are, and how many images were too small", async () => {
    const { summary } = await made(2);
    const hash = createHash("sha256");
    for (const { data } of crops) hash.update(data);
    expect(summary).toEqual({
      pixels: hash.digest("hex"),
      enlarged: IMAGES.filter(({ width }) => width < SIDE).length,
    });
  });
});
