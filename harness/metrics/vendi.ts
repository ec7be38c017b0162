import {
  chosenRows,
  type Matrix,
  mappedRows,
  matrix,
  type Product,
  product,
  type Rows,
  rowTiles,
  selectRows,
  sumOfSquares,
  symmetricEigenvalues,
  transpose,
} from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import { momentsOf, subtractMoments } from "./moments.ts";

/**
 * Vendi score (Friedman, Dieng 2023, arXiv:2210.02410): the exponential of the entropy of the eigenvalues of
 * X·Xᵀ/n, rows of X of unit length. Range 1…n: the number of effectively different samples.
 *
 * @throws RangeError for a row of zeros, which has no direction
 */
export async function vendiScore(features: Matrix | Rows, multiply: Product = product): Promise<number> {
  const { all } = await similarities(features, multiply);
  return scoreOf(all, features.rows, multiply);
}

/** The same with its delete-group jackknife. The score grows with n: left-out groups tell its spread, not its bias. */
export async function vendiJackknife(
  features: Matrix | Rows,
  groups: Int32Array,
  multiply: Product = product,
): Promise<Jackknifed> {
  const n = features.rows;
  const members = groupMembers(groups, n);
  const { all, without } = await similarities(features, multiply);
  return jackknife(members, 1, async (left) => {
    if (left === null) return scoreOf(all, n, multiply);
    return scoreOf(await without(members[left]!), n - members[left]!.length, multiply);
  });
}

/** The mean over classes of each class's score, as dgm-eval reports it. @param labels a number a row */
export async function vendiOfClasses(
  features: Matrix | Rows,
  labels: ArrayLike<number>,
  multiply: Product = product,
): Promise<number> {
  if (labels.length !== features.rows)
    throw new RangeError(`labels: ${labels.length} for ${features.rows} rows`);
  const all = Array.from(labels);
  const classes = [...new Set(all)];
  let sum = 0;
  for (const label of classes) {
    const rows = Int32Array.from([...all.keys()].filter((i) => all[i] === label));
    sum += await vendiScore(chosenRows(features, rows), multiply);
  }
  return sum / classes.length;
}

/** A matrix with the eigenvalues of X·Xᵀ but for zeros, of all rows or without some. */
interface Similarities {
  readonly all: Matrix;
  readonly without: (rows: Int32Array) => Matrix | Promise<Matrix>;
}

/** X·Xᵀ, or where that is the larger Xᵀ·X, which is additive. */
async function similarities(features: Matrix | Rows, multiply: Product): Promise<Similarities> {
  const { rows: n, cols: d } = features;
  if (n < 1) throw new RangeError("a Vendi score needs at least 1 row, got 0");
  await refuseZeros(features);
  const unit = mappedRows(features, d, unitRows);
  if (n > d) {
    const all = await momentsOf(unit, multiply);
    return {
      all: all.products,
      without: async (rows) =>
        subtractMoments(all, await momentsOf(chosenRows(unit, rows), multiply)).products,
    };
  }
  const rows = await unit.range(0, n);
  const all = await multiply(rows, rows);
  return {
    all,
    without: (left) => {
      const kept = Array.from({ length: n }, (_, i) => i).filter((i) => !left.includes(i));
      return selectRows(transpose(selectRows(all, kept)), kept);
    },
  };
}

async function refuseZeros(features: Matrix | Rows): Promise<void> {
  for await (const { start, tile } of rowTiles(features))
    for (let i = 0; i < tile.rows; i++)
      if (tile.data.subarray(i * tile.cols, (i + 1) * tile.cols).every((x) => x === 0))
        throw new RangeError(`a Vendi score of row ${start + i}, which is zero`);
}

function unitRows(rows: Matrix): Matrix {
  const { cols: d } = rows;
  const unit = matrix(rows.rows, d, rows.data.slice());
  for (let i = 0; i < unit.rows; i++) {
    const row = unit.data.subarray(i * d, (i + 1) * d);
    const length = Math.sqrt(sumOfSquares(row));
    for (let j = 0; j < d; j++) row[j]! /= length;
  }
  return unit;
}

async function scoreOf(similarity: Matrix, n: number, multiply: Product): Promise<number> {
  let entropy = 0;
  for (const value of await symmetricEigenvalues(similarity, multiply)) {
    const weight = value / n;
    if (weight > 0) entropy -= weight * Math.log(weight);
  }
  return Math.exp(entropy);
}
