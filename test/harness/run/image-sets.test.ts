import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeAdmSamples } from "../../../harness/formats/npz.ts";
import type { Dataset } from "../../../harness/plugin.ts";
import { blurred, imagesOf } from "../../../harness/run/image-sets.ts";
import type { ImageSet } from "../../../harness/run/jobs.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

it("replaces each 4 × 4 square by its mean", () => {
  const image = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
  const out = blurred(image, 8);
  const square = [0, 1, 2, 3].flatMap((y) => [0, 1, 2, 3].map((x) => (y * 8 + x) * 3));
  const mean = Math.round(square.reduce((sum, i) => sum + image[i]!, 0) / 16);
  for (const i of square) expect(out[i]).toBe(mean);
});

it("leaves a plain image as it is, also where 4 does not divide the side", () => {
  const image = new Uint8Array(2 * 6 * 6 * 3).fill(77);
  expect(blurred(image, 6)).toEqual(image);
});

const SIDE = 4;
const BYTES = 3 * SIDE ** 2;
const imageOf = (index: number): Uint8Array =>
  Uint8Array.from({ length: BYTES }, (_, i) => (index * 31 + i * 7) % 256);
const source = (length: number) => ({
  length,
  identity: "",
  label: (index: number) => index % 3,
  images: async (indices: readonly number[]) => Buffer.concat(indices.map(imageOf)),
});
const dataset = { resolution: SIDE, train: source(1300), heldOut: source(700) } as unknown as Dataset;

async function read(set: ImageSet) {
  const { n, labels, runs } = await imagesOf(set, dataset);
  const lengths: number[] = [];
  const parts: Uint8Array[] = [];
  for await (const run of runs) {
    lengths.push(run.length / BYTES);
    parts.push(Uint8Array.from(run));
  }
  return { n, labels, lengths, images: Buffer.concat(parts) };
}
const first = (n: number) => Buffer.concat(Array.from({ length: n }, (_, k) => imageOf(k)));

describe("images come in runs of at most 512", () => {
  it.each([
    ["train-copies", 1200, [512, 512, 176]],
    ["held-out", 1200, [512, 188]],
  ] as const)("%s", async (kind, n, lengths) => {
    const found = await read({ kind, n });
    expect(found).toMatchObject({ n: lengths.reduce((a, b) => a + b, 0), lengths });
    expect(found.images.equals(first(found.n))).toBe(true);
    expect([...found.labels.subarray(0, 4)]).toEqual([0, 1, 2, 0]);
  });

  it("blurred", async () => {
    const found = await read({ kind: "blurred", n: 600 });
    expect(found.lengths).toEqual([512, 88]);
    expect(found.images.equals(blurred(first(600), SIDE))).toBe(true);
  });

  it("the mean image, again and again", async () => {
    const found = await read({ kind: "constant-mean", n: 600 });
    const mean = Array.from({ length: BYTES }, (_, i) => {
      const sum = Array.from({ length: 600 }, (_, k) => imageOf(k)[i]!).reduce((a, b) => a + b, 0);
      return Math.round(sum / 600);
    });
    expect(found.lengths).toEqual([512, 88]);
    expect(
      new Set([0, 511, 599].map((k) => found.images.subarray(k * BYTES, (k + 1) * BYTES).join())),
    ).toEqual(new Set([mean.join()]));
  });

  it.each([null, 7])("stored samples, label %s", async (label) => {
    const folder = temporaryFolder();
    const labels = label === null ? null : new Int32Array(520).fill(label);
    await writeAdmSamples(join(folder, "samples.npz"), first(520), [520, SIDE, SIDE, 3], labels);
    const found = await read({ kind: "stored", folder, labelled: label !== null });
    expect(found.lengths).toEqual([512, 8]);
    expect(found.images.equals(first(520))).toBe(true);
    expect(new Set(found.labels)).toEqual(new Set([label ?? -1]));
  });
});
