export interface BenchRow {
  readonly id: string;
  readonly unit: string;
  readonly value: number;
  /** The same quantity of the peers, measured in the same run. */
  readonly peers: Readonly<Record<string, number>>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 0 ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}

/** What a bench throws that cannot run here; the message says why. */
export class Skipped extends Error {}
