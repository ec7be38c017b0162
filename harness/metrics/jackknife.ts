/** A value with the error that the draw of samples gives it, and the values it was made from. */
export interface Jackknifed {
  readonly value: number;
  /** Null where a left-out group leaves too few samples to compute the metric. */
  readonly standardError: number | null;
  /** The metric with group g left out, g = 0…; what paired comparisons subtract. Empty where `standardError` is null. */
  readonly deleteGroup: readonly number[];
}

/**
 * The jackknife group of every sample: groups of equal size (±1), each holding an equal share (±1) of every
 * label, each a contiguous run of every label's samples in seed order. Where the labels cycle with the seed,
 * or are absent (all equal), the groups are contiguous blocks of seeds.
 *
 * @param labels label of sample i, in seed order
 * @param count groups asked for; with fewer samples, each is a group of its own
 */
export function jackknifeGroups(labels: ArrayLike<number>, count = 20): Int32Array {
  if (!Number.isInteger(count) || count < 2)
    throw new RangeError(`count must be an integer ≥ 2, got ${count}`);
  const n = labels.length;
  const sizes = new Map<number, number>();
  const ranks = Array.from(labels, (label) => {
    const rank = sizes.get(label) ?? 0;
    sizes.set(label, rank + 1);
    return rank;
  });
  // Where in its label's run a sample stands, 0…1: blocks of this order take the same part of every label.
  const position = ranks.map((rank, i) => (rank + 0.5) / sizes.get(labels[i]!)!);
  const order = ranks.map((_, i) => i).sort((i, j) => position[i]! - position[j]! || i - j);
  const groups = new Int32Array(n);
  const used = Math.min(count, n);
  order.forEach((sample, place) => {
    groups[sample] = Math.floor((place * used) / n);
  });
  return groups;
}

/** The samples of every group. @throws RangeError where groups are not 0…G−1, or there is only one */
export function groupMembers(groups: Int32Array, n: number): readonly Int32Array[] {
  if (groups.length !== n) throw new RangeError(`groups: ${groups.length} for ${n} samples`);
  const members: number[][] = [];
  groups.forEach((group, i) => {
    if (group < 0 || group >= n) throw new RangeError(`groups: sample ${i} is in group ${group}`);
    while (members.length <= group) members.push([]);
    members[group]!.push(i);
  });
  const empty = members.findIndex((list) => list.length === 0);
  if (empty >= 0) throw new RangeError(`groups: group ${empty} of ${members.length} is empty`);
  if (members.length < 2) throw new RangeError(`groups: at least 2 are needed, got ${members.length}`);
  return members.map((list) => Int32Array.from(list));
}

/**
 * Delete-group jackknife: SE² = (G−1)/G · Σ (d₍g₎ − d̄)² (Shao, Tu 1995, §1.3). It covers the draw of samples, not
 * the reference, the labels or training, and removes no bias.
 *
 * @param minimum fewest samples that the metric, and its error, mean something for
 * @param statistic the metric without group `left`, of all samples where that is null
 */
export async function jackknife(
  members: readonly Int32Array[],
  minimum: number,
  statistic: (left: number | null) => number | Promise<number>,
): Promise<Jackknifed> {
  const value = await statistic(null);
  const n = members.reduce((sum, list) => sum + list.length, 0);
  if (members.some((list) => n - list.length < minimum))
    return { value, standardError: null, deleteGroup: [] };
  const deleteGroup: number[] = [];
  for (let group = 0; group < members.length; group++) deleteGroup.push(await statistic(group));
  return { value, standardError: jackknifeError(deleteGroup), deleteGroup };
}

/** The standard error of a metric from its values with each group left out. */
export function jackknifeError(deleteGroup: readonly number[]): number {
  const count = deleteGroup.length;
  const mean = deleteGroup.reduce((sum, x) => sum + x, 0) / count;
  const squares = deleteGroup.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(((count - 1) / count) * squares);
}
