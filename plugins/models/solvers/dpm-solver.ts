/**
 * DPM-Solver++ of second order in several steps, "2M" (Lu et al., arXiv:2211.01095, Algorithm 2). The step is the same for
 * every x/α, so that x = x_0 + σε stands for all schedules: x' = (σ'/σ)·x + (1 − σ'/σ)·D, where D continues the last two
 * answers linearly in λ = −ln σ.
 */
import type { Pixels, Solver } from "./solver.ts";

/** n calls for n levels. The first step has one answer to go by; the last, to σ = 0, is the denoised image itself. */
export const dpmSolver: Solver = async (denoise, x, levels) => {
  let previous: Pixels | null = null;
  for (let i = 0; i + 1 < levels.length; i++) {
    const sigma = levels[i]!;
    const denoised = await denoise(x, sigma);
    const kept = levels[i + 1]! / sigma;
    // 1/(2r), r = (λ_i − λ_{i−1})/(λ_{i+1} − λ_i)
    const ahead: number = previous ? Math.log(1 / kept) / (2 * Math.log(levels[i - 1]! / sigma)) : 0;
    const before = previous ?? denoised;
    for (let k = 0; k < x.length; k++) {
      const answer = denoised[k]! + ahead * (denoised[k]! - before[k]!);
      x[k] = kept * x[k]! + (1 - kept) * answer;
    }
    previous = denoised;
  }
  return denoise(x, levels.at(-1)!);
};
