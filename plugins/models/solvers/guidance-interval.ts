/** Guidance and the noise levels it acts at (Kynkäänniemi et al., arXiv:2404.07724). */
import type { Pixels } from "./solver.ts";

export interface GuidanceInterval {
  /** It acts where low < σ ≤ high; 0: down to clean images. */
  readonly low: number;
  /** null: from pure noise on. */
  readonly high: number | null;
}

/** The interval that EPG's paper guides in, beside images of deviation .5, where an entry says no other. */
export const USUAL_INTERVAL = { low: 0.19, high: 1.61 };

export const acts = ({ low, high }: GuidanceInterval, sigma: number): boolean =>
  (low === 0 || low < sigma) && (high === null || sigma <= high);

/** worse + scale·(answer − worse), in the place of the answer. */
export function guide(answer: Pixels, worse: Pixels, scale: number): void {
  for (let i = 0; i < answer.length; i++) answer[i] = worse[i]! + scale * (answer[i]! - worse[i]!);
}

/** A sentence where guidance is asked for at none of the levels that are sampled; null: it acts. */
export const idleGuidance = (interval: GuidanceInterval, levels: Float64Array): string | null =>
  levels.some((sigma) => acts(interval, sigma))
    ? null
    : `Guidance never acts: none of the ${levels.length} noise levels lies where ${interval.low} < σ${interval.high === null ? "" : ` ≤ ${interval.high}`}.`;
