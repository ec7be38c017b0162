import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Model } from "../../../harness/plugin.ts";
import { planResamplings } from "../../../harness/run/plan-resamplings.ts";
import type { PretrainedFile } from "../../../harness/run/pretrained.ts";
import type { SettledConfig } from "../../../harness/run/settle.ts";

interface Options {
  readonly steps: number;
  readonly scale?: number | undefined;
}

/** One call a step, two where it is guided; guided, it reads a network out of a file. */
const model = {
  name: "counting",
  schema: z.strictObject({ steps: z.int().min(1), scale: z.number().optional() }),
  pretrained: ({ scale }: Options) => (scale === undefined ? [] : [{ stage: "poor network" }]),
  resampled(
    _options: Options,
    _task: unknown,
    { calls, guidance }: { calls: number; guidance: number | null },
  ) {
    const steps = guidance === null ? calls : Math.floor(calls / 2);
    return steps < 1 ? `nothing fits in ${calls}` : { steps, scale: guidance ?? undefined };
  },
} as unknown as Model;

const files = [{ stage: "poor network", path: "/poor.pth", sha256: "0", part: "ema", told: null }];

function planned(comparison: SettledConfig["comparison"], more: Partial<SettledConfig> = {}, of = model) {
  const config = {
    seed: 0,
    samples: 40,
    labels: "balanced",
    unconditional: false,
    baseFolder: "/",
    comparison,
    ...more,
  };
  return planResamplings({
    config: config as SettledConfig,
    dataset: { train: { identity: "train" } } as never,
    task: { resolution: 32, classes: 8 },
    name: "mine",
    descriptor: { kind: "model", plugin: "counting", options: { steps: 9, scale: 4 } },
    model: of,
    options: { steps: 9, scale: 4 } as never,
    files: files as readonly PretrainedFile[],
    identity: {
      task: { resolution: 32, classes: 8 },
      stages: ["stage"],
      code: {},
      backend: "backend",
      files: null,
    },
  });
}

const COMPARISON = { calls: [4, 1], guidance: [1.5, 3], validationSamples: 8 };

describe("rows on the same terms", () => {
  test("stand in order of calls; guided ones where a guided step fits, with a candidate a scale", async () => {
    const rows = (await planned(COMPARISON)).rows;
    expect(rows.map(({ name, kind, calls }) => [name, kind, calls])).toEqual([
      ["mine: unguided, 1 call", "unguided", 1],
      ["mine: unguided, 4 calls", "unguided", 4],
      ["mine: matched, 4 calls", "matched", 4],
    ]);
    expect(rows[2]!.candidates.map(({ guidance, model }) => [guidance, model.options])).toEqual([
      [1.5, { steps: 2, scale: 1.5 }],
      [3, { steps: 2, scale: 3 }],
    ]);
  });

  test("read the files that their own options name", async () => {
    const [, unguided, matched] = (await planned(COMPARISON)).rows;
    expect(unguided!.candidates[0]!.pretrained).toEqual([]);
    expect(matched!.candidates[0]!.pretrained).toEqual(files);
  });

  test("have an address each; a trial's is not that of the samples, and hangs on its own number of images", async () => {
    const keys = (await planned(COMPARISON)).rows.flatMap(({ candidates }) =>
      candidates.flatMap(({ samplesKey, trialKey }) => [samplesKey, trialKey]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const first = async (found: ReturnType<typeof planned>) => (await found).rows[0]!.candidates[0]!;
    const [one, fewer, more] = [
      await first(planned(COMPARISON)),
      await first(planned({ ...COMPARISON, validationSamples: 4 })),
      await first(planned(COMPARISON, { samples: 64 })),
    ];
    expect(fewer.samplesKey).toBe(one.samplesKey);
    expect(fewer.trialKey).not.toBe(one.trialKey);
    expect(more.samplesKey).not.toBe(one.samplesKey);
    expect(more.trialKey).toBe(one.trialKey);
    // The seed changes both.
    expect((await first(planned(COMPARISON, { seed: 1 }))).trialKey).not.toBe(one.trialKey);
  });

  test("there are none without a comparison, without scales no guided ones, without the hook none", async () => {
    expect(await planned(undefined)).toEqual({ rows: [], unmatched: null });
    expect((await planned(COMPARISON)).unmatched).toBeNull();
    const unscaled = await planned({ ...COMPARISON, guidance: [] });
    expect(unscaled.rows.map(({ kind }) => kind)).toEqual(["unguided", "unguided"]);
    expect(unscaled.unmatched).toBe("the comparison names no guidance scale");
    const short = await planned({ ...COMPARISON, calls: [1] });
    expect(short).toMatchObject({ rows: [{ kind: "unguided" }], unmatched: "nothing fits in 1" });
    const { resampled: _hook, ...fixed } = model;
    expect(await planned(COMPARISON, {}, fixed)).toEqual({
      rows: [],
      unmatched: 'the model "counting" has one way of sampling alone',
    });
  });

  test("options that are not the plugin's are refused by name", async () => {
    const broken = { ...model, resampled: () => ({ steps: "two" }) } as unknown as Model;
    await expect(planned(COMPARISON, {}, broken)).rejects.toThrow(/the options of "counting" for 1 call/);
  });
});
