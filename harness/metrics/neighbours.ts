import {
  type Matrix,
  type Product,
  product,
  type Rows,
  squaredDistanceTiles,
} from "../linear-algebra/index.ts";

/** Squared distance of every row to its k-th nearest other row (other rows that equal it are at distance 0). */
export async function neighbourRadii(
  points: Matrix | Rows,
  k: number,
  multiply: Product = product,
): Promise<Float64Array> {
  return nearestByGroup(points, k, new Int32Array(points.rows), 1, multiply).then(({ lists }) =>
    Float64Array.from({ length: points.rows }, (_, i) => lists[i * k + k - 1]!),
  );
}

/** Radii as `neighbourRadii` finds them, and as it would with each group left out. */
export interface GroupRadii {
  readonly all: Float64Array;
  /** Row i, group g at i·groups + g. */
  readonly without: Float64Array;
}

/**
 * A radius changes only with its own nearest rows. So the k nearest of every group, kept apart, give the k-th
 * nearest without any one group.
 */
export async function neighbourRadiiWithoutGroups(
  points: Matrix | Rows,
  k: number,
  groups: Int32Array,
  count: number,
  multiply: Product = product,
): Promise<GroupRadii> {
  const { lists } = await nearestByGroup(points, k, groups, count, multiply);
  const all = new Float64Array(points.rows);
  const without = new Float64Array(points.rows * count);
  for (let i = 0; i < points.rows; i++) {
    const own = lists.subarray(i * count * k, (i + 1) * count * k);
    const order = Array.from(own.keys()).sort((x, y) => (own[x]! < own[y]! ? -1 : own[x]! > own[y]! ? 1 : 0));
    all[i] = own[order[k - 1]!]!;
    for (let g = 0; g < count; g++) {
      let kept = 0;
      without[i * count + g] = Infinity;
      for (const at of order) {
        if (Math.floor(at / k) === g || ++kept < k) continue;
        without[i * count + g] = own[at]!;
        break;
      }
    }
  }
  return { all, without };
}

/** For every row and group, squared distances to the k nearest other rows of that group, ascending, ∞ where there are fewer. */
async function nearestByGroup(
  points: Matrix | Rows,
  k: number,
  groups: Int32Array,
  count: number,
  multiply: Product,
): Promise<{ lists: Float64Array }> {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be an integer ≥ 1, got ${k}`);
  if (points.rows <= k)
    throw new RangeError(`${k} nearest neighbours need more than ${k} rows, got ${points.rows}`);
  const lists = new Float64Array(points.rows * count * k).fill(Infinity);
  for await (const { rowStart, columnStart, distances } of squaredDistanceTiles(points, points, multiply)) {
    for (let i = 0; i < distances.rows; i++) {
      for (let j = 0; j < distances.cols; j++) {
        if (rowStart + i === columnStart + j) continue;
        const start = ((rowStart + i) * count + groups[columnStart + j]!) * k;
        insertSorted(lists, start, start + k, distances.data[i * distances.cols + j]!);
      }
    }
  }
  return { lists };
}

/** Puts `value` into the ascending list [start, end), dropping its largest. */
export function insertSorted(list: Float64Array, start: number, end: number, value: number): void {
  let at = end - 1;
  if (!(value < list[at]!)) return;
  for (; at > start && list[at - 1]! > value; at--) list[at] = list[at - 1]!;
  list[at] = value;
}
