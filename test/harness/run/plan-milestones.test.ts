import { describe, expect, test } from "vitest";
import { planMilestones, proposeMilestones } from "../../../harness/run/plan-milestones.ts";
import type { PlannedStage } from "../../../harness/run/plan-stages.ts";

/** 100 FLOPs of VAE, 20 of encoding, 80 of DiT: 200 in all, of which the last 80 make images. */
const STAGES = [
  { key: "vae", name: "VAE", steps: 10, flops: 10, preparation: { flops: 0 } },
  { key: "dit", name: "DiT", steps: 40, flops: 2, preparation: { flops: 20 } },
] as unknown as PlannedStage[];

describe("milestones", () => {
  test("are steps of the last stage, at parts of the training of all stages", () => {
    expect(proposeMilestones("A", [0.9, 0.75], STAGES).rows).toEqual([
      // 150 FLOPs: 30 of DiT; 180: 60.
      { name: "A: at 75 % of its training", part: 0.75, step: 15 },
      { name: "A: at 90 % of its training", part: 0.9, step: 30 },
    ]);
  });

  test("before the last stage's first step there are none, nor where they round to its end; the reason is told", () => {
    expect(proposeMilestones("A", [1 / 8, 0.6, 0.605, 0.999], STAGES)).toEqual({
      rows: [{ name: "A: at 60.5 % of its training", part: 0.605, step: 1 }],
      unreached:
        'not sampled at 12.5 %, 60 %, 99.9 % of its training: its stage "DiT" takes its 40 steps from 60 % on',
    });
    expect(proposeMilestones("A", [0.5], [])).toEqual({ rows: [], unreached: null });
    expect(proposeMilestones("A", [], STAGES)).toEqual({ rows: [], unreached: null });
  });

  test("have an address each, of the stage and the step, and samples from there", () => {
    const named = (stages: readonly string[]): string => stages.join("+");
    const [first, second] = planMilestones("A", [0.75, 0.9], STAGES, "/cache", named).rows;
    expect(first!.folder).toBe(`/cache/train/${first!.key}`);
    expect(first!.samplesKey).toBe(`vae+${first!.key}`);
    expect(second!.key).not.toBe(first!.key);
    expect(planMilestones("B", [0.7499], STAGES, "/cache", named).rows[0]!.key).toBe(first!.key);
    const [vae, dit] = STAGES as [PlannedStage, PlannedStage];
    const other = planMilestones("A", [0.75], [vae, { ...dit, key: "other" }], "/cache", named);
    expect(other.rows[0]!.key).not.toBe(first!.key);
  });
});
