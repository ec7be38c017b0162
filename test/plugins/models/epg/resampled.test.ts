import { describe, expect, test } from "vitest";
import type { Model } from "../../../../harness/plugin.ts";
import { drySampling } from "../../../../harness/run/dry-sampling.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { autoguidance } from "../../../../plugins/models/factories.ts";

const TASK = { resolution: 32, classes: 8 };

const patch = (input: EpgInput, calls: number, guidance: number | null, task = TASK) =>
  model.resampled!(schema.parse(input), task, { calls, guidance }, { baseFolder: "." });

/** The calls that sampling makes with the options that are the entry's own and those in place of them. */
async function nfe(input: EpgInput, calls: number, guidance: number | null): Promise<number> {
  const options = schema.parse({ ...input, ...(patch(input, calls, guidance) as object) });
  return (await drySampling(model as unknown as Model, options as never, TASK, { baseFolder: "." })).nfe;
}

describe("EPG on the same terms as others", () => {
  test.each([1, 3, 7, 15, 31, 63, 75])("%d calls without guidance", async (calls) => {
    const guided: EpgInput = { guidance: { scale: 2 }, sampler: { kind: "ancestralEuler", steps: 4 } };
    expect(await nfe(guided, calls, null)).toBe(calls);
  });

  test("75 calls with guidance are the paper's: 32 steps, 63 calls and 12 of guidance", async () => {
    expect(patch({}, 75, 2.5)).toEqual({
      sampler: { kind: "heun", steps: 32 },
      guidance: { kind: "classifierFree", scale: 2.5, low: 0.19, high: 1.61 },
    });
    expect(await nfe({}, 75, 2.5)).toBe(75);
  });

  test.each([15, 16, 31, 63])("guidance's calls are among %d", async (calls) => {
    const made = await nfe({}, calls, 2);
    expect(made).toBeLessThanOrEqual(calls);
    expect(made).toBeGreaterThan(calls - 4);
  });

  test("no row where too few calls are left for a step, or guidance would act at none", () => {
    expect(patch({}, 2, null)).toMatch(/too few/);
    expect(patch({}, 1, 2)).toMatch(/no guided step fits in 1 call/);
    // Four levels take all seven; of three none lies between 0.19 and 1.61.
    expect(patch({}, 7, 2)).toMatch(/no guided step fits in 7 calls/);
    expect(patch({}, 75, 2, { resolution: 32, classes: 0 })).toMatch(/no classes/);
  });

  test("a model of one step has its one step, and no guidance", () => {
    const input: EpgInput = { objective: "consistency" };
    expect(patch(input, 1, null)).toEqual({ sampler: { kind: "oneStep" }, guidance: null });
    expect(patch(input, 3, null)).toMatch(/one step/);
    expect(patch(input, 75, 2)).toMatch(/one step/);
  });

  test("an entry's own interval, and its own poor network, stay", () => {
    expect(patch({ guidance: { scale: 4, low: 0.3, high: 2 } }, 31, 1.5)).toMatchObject({
      guidance: { scale: 1.5, low: 0.3, high: 2 },
    });
    const poor = { ...autoguidance({ scale: 3, share: 0.1 }) };
    const options = schema.parse({ guidance: poor, ...(patch({ guidance: poor }, 31, 2) as object) });
    expect(options.guidance).toMatchObject({ kind: "autoguidance", scale: 2, share: 0.1 });
    // It acts at every level: 2·(2n − 1) calls.
    expect(options.sampler).toMatchObject({ kind: "heun", steps: 8 });
    const file = { ...autoguidance({ scale: 3, weights: "poor.pth" }) };
    expect(() =>
      schema.parse({ guidance: file, ...(patch({ guidance: file }, 31, 2) as object) }),
    ).not.toThrow();
  });
});
