import {
  type Matrix,
  type Product,
  product,
  type Rows,
  squaredDistanceTiles,
} from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import { neighbourRadii, neighbourRadiiWithoutGroups } from "./neighbours.ts";

/** Reference features, each row with its ball: the estimate of where the reference lies. */
export interface ReferenceBalls {
  readonly features: Matrix | Rows;
  readonly k: number;
  /** Squared distance of every row to its k-th nearest other row. */
  readonly radii: Float64Array;
}

/** @param features m×d, m > k; the usual k is 3 for precision and recall, 5 for density and coverage */
export async function referenceBalls(
  features: Matrix | Rows,
  k: number,
  multiply: Product = product,
): Promise<ReferenceBalls> {
  return { features, k, radii: await neighbourRadii(features, k, multiply) };
}

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1–2) by the rule of ADM's
 * evaluator: squared distances, the ball of a row reaches its k-th nearest other row, the border counts (≤).
 * Precision: share of samples within some ball of the reference; recall: share of reference rows within some
 * ball of the samples. Range 0…1, higher is better. Left-out groups give up their balls, and the radii of the
 * samples left are found anew. With k + 1 samples left every ball would hold all of them: then there is no error.
 *
 * @param samples n×d, n > k, with the jackknife group of every row
 * @param border whether it counts: not so by the prdc package and dgm-eval (<)
 */
export async function precisionRecall(
  samples: Matrix | Rows,
  reference: ReferenceBalls,
  groups: Int32Array,
  multiply: Product = product,
  border: "in" | "out" = "in",
): Promise<{ precision: Jackknifed; recall: Jackknifed }> {
  const members = groupMembers(groups, samples.rows);
  const count = members.length;
  const { k, features } = reference;
  const found = await neighbourRadiiWithoutGroups(samples, k, groups, count, multiply);
  const [radii, all, without] = [reference.radii, found.all, found.without].map((list) =>
    border === "in" ? list : list.map(nextBelow),
  ) as [Float64Array, Float64Array, Float64Array];
  const inside = new Uint8Array(samples.rows);
  const covered = new Uint8Array(features.rows);
  const coveredWithout = new Uint8Array(features.rows * count);
  for await (const { rowStart, columnStart, distances } of squaredDistanceTiles(
    samples,
    features,
    multiply,
  )) {
    for (let r = 0; r < distances.rows; r++) {
      const i = rowStart + r;
      const largest = without.subarray(i * count, (i + 1) * count).reduce((max, x) => Math.max(max, x), 0);
      for (let c = 0; c < distances.cols; c++) {
        const j = columnStart + c;
        const distance = distances.data[r * distances.cols + c]!;
        if (distance <= radii[j]!) inside[i] = 1;
        if (distance <= all[i]!) covered[j] = 1;
        if (distance > largest) continue;
        for (let g = 0; g < count; g++) {
          if (g !== groups[i] && distance <= without[i * count + g]!) coveredWithout[j * count + g] = 1;
        }
      }
    }
  }
  return {
    precision: await jackknife(members, k + 2, (left) => share(inside.filter((_, i) => groups[i] !== left))),
    recall: await jackknife(members, k + 2, (left) =>
      share(left === null ? covered : coveredWithout.filter((_, at) => at % count === left)),
    ),
  };
}

/**
 * Density and coverage (Naeem et al. 2020, arXiv:2002.09797, eq. 3–4): the number of reference balls that hold a
 * sample, over k, on average (≥ 0, 1 for the reference's own distribution); the share of reference rows with a
 * sample in their ball (0…1). The border does not count (<). Higher is better.
 */
export async function densityCoverage(
  samples: Matrix | Rows,
  reference: ReferenceBalls,
  groups: Int32Array,
  multiply: Product = product,
): Promise<{ density: Jackknifed; coverage: Jackknifed }> {
  const members = groupMembers(groups, samples.rows);
  const count = members.length;
  const { k, features, radii } = reference;
  const balls = new Float64Array(samples.rows);
  const coveredBy = new Uint8Array(features.rows * count);
  for await (const { rowStart, columnStart, distances } of squaredDistanceTiles(
    samples,
    features,
    multiply,
  )) {
    for (let r = 0; r < distances.rows; r++) {
      for (let c = 0; c < distances.cols; c++) {
        if (!(distances.data[r * distances.cols + c]! < radii[columnStart + c]!)) continue;
        balls[rowStart + r]! += 1;
        coveredBy[(columnStart + c) * count + groups[rowStart + r]!] = 1;
      }
    }
  }
  const density = (left: number | null): number => {
    const kept = balls.filter((_, i) => groups[i] !== left);
    return kept.reduce((sum, x) => sum + x, 0) / (k * kept.length);
  };
  const coverage = (left: number | null): number => {
    const covered = new Uint8Array(features.rows);
    for (let at = 0; at < coveredBy.length; at++) {
      if (coveredBy[at] && at % count !== left) covered[Math.floor(at / count)] = 1;
    }
    return share(covered);
  };
  return {
    density: await jackknife(members, 1, density),
    coverage: await jackknife(members, 1, coverage),
  };
}

/** The harmonic mean of precision and recall, 0 where both are (torch-fidelity's `f_score`). */
export function fScore(precision: number, recall: number): number {
  return (2 * precision * recall) / Math.max(1e-5, precision + recall);
}

/** The largest number that is less than x ≥ 0: x < r is x ≤ nextBelow(r). */
function nextBelow(x: number): number {
  return x > 0 ? x * (1 - Number.EPSILON / 2) : -1;
}

function share(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
}
