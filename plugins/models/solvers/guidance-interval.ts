/** The noise levels that guidance acts at (Kynkäänniemi et al., arXiv:2404.07724). */
export interface GuidanceInterval {
  /** It acts where low < σ ≤ high; 0: down to clean images. */
  readonly low: number;
  /** null: from pure noise on. */
  readonly high: number | null;
}

export const acts = ({ low, high }: GuidanceInterval, sigma: number): boolean =>
  (low === 0 || low < sigma) && (high === null || sigma <= high);
