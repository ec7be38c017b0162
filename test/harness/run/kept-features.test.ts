import { truncateSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FEATURES, keepFeatures, keptFeatures, removeFeatures } from "../../../harness/run/kept-features.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const features = {
  n: 2,
  dims: 3,
  classes: 1,
  features: Float32Array.of(0.1, -0, Number.MIN_VALUE, 1e38, 2 ** -149, 7),
  logits: Float32Array.of(-3.3, 4.4),
};

it("features come back to the bit, and go without a trace", async () => {
  const folder = temporaryFolder();
  expect(await keptFeatures(folder)).toBeNull();
  await keepFeatures(folder, features);
  const kept = (await keptFeatures(folder))!;
  expect(kept).toEqual(features);
  expect(Object.is(kept.features[1], -0)).toBe(true);
  await removeFeatures(folder);
  expect(await readdir(folder)).toEqual([]);
});

it("features that were cut off are refused", async () => {
  const folder = temporaryFolder();
  await keepFeatures(folder, features);
  truncateSync(join(folder, FEATURES), 20);
  await expect(keptFeatures(folder)).rejects.toThrow(/features\.safetensors has 20 bytes, expected/);
});
