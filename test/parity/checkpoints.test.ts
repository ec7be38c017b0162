/** Checkpoints of PyTorch and the safetensors library: the good read bit for bit, the bad refused. */
import { describe, expect, it } from "vitest";
import { casesOf, expectContent, expectUnharmed, readsWhole } from "./manifest.ts";

const { good, bad } = casesOf("checkpoints");

describe("checkpoints", () => {
  if (good.length + bad.length === 0) it.skip("there is no such folder of cases here");

  for (const one of good)
    it(`${one.title} reads`, async () => {
      if (!one.mayRefuse || (await readsWhole(one.path))) await expectContent(one.path, one);
      expectUnharmed();
    });

  for (const { title, what, path, expect: expected } of bad)
    it(`${title} (${what}): ${expected}`, async () => {
      const before = process.memoryUsage.rss();
      const reads = await readsWhole(path);
      if (expected === "refuse") expect(reads).toBe(false);
      if (expected === "loads") expect(reads).toBe(true);
      expectUnharmed();
      // The largest bombs are of 2 GiB.
      expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29);
    });
});
