/** Which of some points are worth their cost. */

export interface Priced {
  readonly cost: number;
  /** Lower is better. */
  readonly value: number;
}

/** No dearer and no worse, and cheaper or better: points that are equal in both do not dominate each other. */
const dominates = (a: Priced, b: Priced): boolean =>
  a.cost <= b.cost && a.value <= b.value && (a.cost < b.cost || a.value < b.value);

/** Whether each point is on the Pareto line, that is, dominated by no other. */
export const onParetoLine = (points: readonly Priced[]): boolean[] =>
  points.map((point) => !points.some((other) => dominates(other, point)));
