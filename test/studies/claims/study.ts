/** A study of three seeds with made-up scores. */
import { ARM_NAMES, ARMS, type ArmName } from "../../../studies/claims/arms.ts";
import { divisorsOf, factorsOf } from "../../../studies/claims/configs.ts";
import type { Study } from "../../../studies/claims/study.ts";
import { fixtureResult } from "../../fixtures/result.ts";

const FD: Readonly<Record<ArmName, number>> = {
  "pre-trained": 60,
  "scratch, equal steps": 70,
  "scratch, equal FLOPs": 50,
  "constant temperature": 60,
  "interpolated temperature": 61,
  "one step": 90,
  "VAE + DiT": 80,
};

const seeds = [1, 2, 3];

export const study: Study = {
  settings: { budget: 4e12, seeds: 3, trials: 3, samples: 256, threads: 2 },
  command: "npm run study:claims -- --publish",
  runs: [
    {
      run: "tuning",
      startedAt: "2026-01-02T03:04:05.000Z",
      wallSeconds: 600,
      trainFlops: 3e13,
      env: fixtureResult().env,
    },
  ],
  trials: ARM_NAMES.flatMap((arm) =>
    factorsOf(3).map((factor) => ({
      arm,
      factor,
      learningRate: factor * ARMS[arm].learningRate,
      // The size's own rate is best, but for one step, whose lowest is.
      fd: arm === "one step" ? factor : Math.abs(Math.log2(factor)),
      failure: null,
    })),
  ),
  points: ARM_NAMES.flatMap((arm) =>
    divisorsOf(arm).flatMap((divisor) =>
      seeds.map((seed) => ({
        arm,
        seed,
        divisor,
        // Ten more with each half of the budget; a tenth of a seed between seeds, the other way round for scratch.
        fd: FD[arm] + 10 * Math.log2(divisor) + (arm.startsWith("scratch") ? -seed : seed) / 10,
        kid: FD[arm] / 1e4,
        accuracy: 0.5,
        trainFlops: 4e12 / divisor,
        nfe: arm === "one step" ? 1 : 31,
        failure: null,
      })),
    ),
  ),
  yardsticks: [{ name: "real images, held out", fd: 9.3 }],
};
