/** The noise levels that guidance acts at (Kynkäänniemi et al., arXiv:2404.07724). */
export interface GuidanceInterval {
  /** It acts where low < σ ≤ high; 0: down to clean images. */
  readonly low: number;
  /** null: from pure noise on. */
  readonly high: number | null;
}

export const acts = ({ low, high }: GuidanceInterval, sigma: number): boolean =>
  (low === 0 || low < sigma) && (high === null || sigma <= high);

/** A sentence where guidance is asked for at none of the levels that are sampled; null: it acts. */
export const idleGuidance = (interval: GuidanceInterval, levels: Float64Array): string | null =>
  levels.some((sigma) => acts(interval, sigma))
    ? null
    : `Guidance never acts: none of the ${levels.length} noise levels lies where ${interval.low} < σ${interval.high === null ? "" : ` ≤ ${interval.high}`}.`;
