/** A share of independent cases, with its binomial standard error √(p(1−p)/n). */
export interface Share {
  readonly value: number;
  readonly standardError: number;
  readonly n: number;
}

export function shareOf(count: number, n: number): Share {
  const value = count / n;
  return { value, standardError: Math.sqrt((value * (1 - value)) / n), n };
}
