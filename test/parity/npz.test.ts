/** NumPy's files, and statistics and samples as other tools keep them: the good read bit for bit, the bad refused. */
import { describe, expect, it } from "vitest";
import { openAdmSamples } from "../../harness/formats/npz.ts";
import { openTensors } from "../../harness/formats/open-tensors.ts";
import { readStatistics } from "../../harness/formats/statistics.ts";
import { readTensor } from "../../harness/formats/tensor-file.ts";
import { readAdmSamples } from "../fixtures/adm-samples.ts";
import { casesOf, expectContent, expectUnharmed, readsWhole, refused } from "./manifest.ts";

const { good, bad } = casesOf("npz");

describe("npz", () => {
  if (good.length + bad.length === 0) it.skip("there is no such folder of cases here");

  for (const one of good)
    it(`${one.title} reads${one.kind ? ` as ${one.kind}` : ""}`, async () => {
      if (one.mayRefuse && !(await readsWhole(one.path))) return;
      await expectContent(one.path, one);
      if (one.kind === "statistics") await expectStatistics(one.path);
      if (one.kind === "samples") await expectSamples(one.path);
      expectUnharmed();
    });

  for (const { title, what, path, expect: expected, kind } of bad)
    it(`${title} (${what}): ${expected}${kind ? ` as ${kind}` : ""}`, async () => {
      if (kind === "statistics") expect(await refused(() => readStatistics(path))).toBe(true);
      if (kind === "samples") expect(await refused(() => openAdmSamples(path))).toBe(true);
      const reads = await readsWhole(path);
      if (expected === "refuse") expect(reads).toBe(kind !== undefined);
      expectUnharmed();
    });
});

/** The fixtures' own names: what a file calls its means. */
async function expectStatistics(path: string): Promise<void> {
  const file = await openTensors(path);
  const means = [...file.tensors.keys()].filter((name) => /(^|\/|_)mu(_s)?$/.test(name));
  await file.close();
  expect(means.length).toBeGreaterThan(0);
  for (const name of means) {
    const { mean, covariance } = await readStatistics(path, name);
    expect(covariance.length).toBe(mean.length ** 2);
  }
  await readStatistics(path);
}

async function expectSamples(path: string): Promise<void> {
  const { images, labels } = await readAdmSamples(path);
  const file = await openTensors(path);
  expect(images).toEqual((await readTensor(file.tensors.get("arr_0")!)).data);
  const stored = file.tensors.get("arr_1");
  const numbers = stored ? [...(await readTensor(stored)).data].map(Number) : null;
  expect(labels && [...labels]).toEqual(numbers);
  await file.close();
}
