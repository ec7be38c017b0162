import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trace } from "../../harness/program/index.ts";
import { schema } from "../../plugins/models/epg/options.ts";
import { timeEmbedding } from "../../plugins/models/epg/positions.ts";
import { consistencyLevel, curriculumLevels, warmupCosine } from "../../plugins/models/epg/schedules.ts";
import { karrasLevels } from "../../plugins/models/solvers/levels.ts";
import { expectParity, float32, float64, runOnce } from "./engines.ts";
import { column } from "./epg.ts";
import { fixtures } from "./fixtures.ts";

const file = join(fixtures("epg") ?? "", "schedules.json");
const absent = !existsSync(file);

interface Reference {
  /** [step, N], the last step being the last of all. */
  readonly pretrain_N: readonly (readonly [number, number])[];
  /** [step, factor], one of them the end of warm-up and the last the end of training. */
  readonly warmup_cosine: readonly (readonly [number, number])[];
  readonly ect_r: readonly (readonly [number, number, number])[];
  readonly heun_nfe_sigma_min: number;
  readonly heun_nfe_with_final_zero: number;
  readonly guidance_interval_evals: number;
  readonly timestep_embedding: { readonly t: number[]; readonly dim: number; readonly out: number[][] };
}

const reference: Reference = absent ? {} : JSON.parse(readFileSync(file, "utf8"));

describe.skipIf(absent)(
  "EPG's schedules (skipped where there are none to compare): epg/schedules.json",
  () => {
    const grids = Object.entries(reference as unknown as Record<string, number[]>).filter(([key]) =>
      /^karras_\d+$/.test(key),
    );

    it("levels over pre-training", () => {
      const total = reference.pretrain_N.at(-1)![0] + 1;
      for (const [step, count] of reference.pretrain_N) expect(curriculumLevels(step, total)).toBe(count);
    });

    it("warm-up and cosine", () => {
      const total = reference.warmup_cosine.at(-1)![0];
      const warmup = reference.warmup_cosine.find(([, factor]) => factor === 1)![0];
      for (const [step, factor] of reference.warmup_cosine)
        expect(warmupCosine(step, warmup, total)).toBeCloseTo(factor, 12);
    });

    it.each(grids)("Karras levels: %s", (_, grid) => {
      const found = karrasLevels(grid.length);
      expectParity(float64, { levels: column(found) }, { levels: column(grid) });
      grid.forEach((sigma, i) => {
        expect(found[i]! / sigma).toBeCloseTo(1, 12);
      });
    });

    it("Heun's calls and those of guidance", () => {
      const levels = grids[0]![1];
      const { low, high } = schema.parse({ guidance: { scale: 2 } }).guidance!;
      const guided = (sigma: number) => low < sigma && sigma <= high!;
      // Each level but the first and the last is seen twice: as a correction's end, then as a step's beginning.
      const calls = levels.flatMap((sigma, i) =>
        i === 0 || i === levels.length - 1 ? [sigma] : [sigma, sigma],
      );
      expect(calls).toHaveLength(reference.heun_nfe_sigma_min);
      expect(calls.length + 1).toBe(reference.heun_nfe_with_final_zero);
      expect(calls.filter(guided)).toHaveLength(reference.guidance_interval_evals);
    });

    it("the level a consistency teacher looks at", () => {
      for (const [t, stage, r] of reference.ect_r) expect(consistencyLevel(t, stage)).toBeCloseTo(r, 10);
    });

    it.each([float32, float64])("the time embedding, of odd width: $name", async (engine) => {
      const { t, dim, out } = reference.timestep_embedding;
      const program = trace("time", (p) => p.output("out", timeEmbedding(p.input("t", [t.length]), dim)));
      const found = await runOnce(engine, program, {}, { t: column(t) });
      // t in float32 has half a unit of 2^-13 at 1,553, and that is the angle's error.
      const tolerance = engine === float32 ? 1.3e-4 : 1e-12;
      out.flat().forEach((value, i) => {
        expect(Math.abs(found.out!.data[i]! - value)).toBeLessThan(tolerance);
      });
    });
  },
);
