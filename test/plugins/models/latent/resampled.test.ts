import { expect, test } from "vitest";
import type { Model } from "../../../../harness/plugin.ts";
import { drySampling } from "../../../../harness/run/dry-sampling.ts";
import model from "../../../../plugins/models/latent/index.ts";

const TASK = { resolution: 32, classes: 8 };
const own = { size: "tiny", sampler: { kind: "ddpm", steps: 9 }, guidance: { scale: 4, channels: 2 } };

const patch = (calls: number, guidance: number | null, classes = 8) =>
  model.resampled!(model.schema.parse(own), { ...TASK, classes }, { calls, guidance }, { baseFolder: "." });

test.each([
  [1, null, 1],
  [3, null, 3],
  [31, null, 31],
  [75, null, 75],
  [31, 1.5, 31],
  [75, 3, 75],
])("%d calls with guidance %s make %d", async (calls, guidance, made) => {
  const options = model.schema.parse({ ...own, ...(patch(calls, guidance) as object) });
  const { nfe, description } = await drySampling(model as unknown as Model, options as never, TASK, {
    baseFolder: ".",
  });
  expect(nfe).toBe(made);
  expect(description).toMatchObject({ guidanceScale: guidance ?? 1, guidedChannels: 2 });
});

test("no row where a guided step does not fit, or there is nothing to guide towards", () => {
  expect(patch(1, 2)).toBe("no guided step fits in 1 call");
  expect(patch(2, null)).toBe("2 calls are too few for two steps of Heun's method");
  expect(patch(31, 2, 0)).toBe("there are no classes to guide towards");
});
