/** How a tool's statistic varies over its subsets or splits, which overlap or are small: never its standard error. */
export interface Spread {
  readonly mean: number;
  /** The standard deviation, divisor n (NumPy's ddof 0), as the tools print it. */
  readonly spread: number;
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("the spread of no values");
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / values.length) };
}
