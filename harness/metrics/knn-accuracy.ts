import {
  type Matrix,
  mappedRows,
  matrix,
  type Product,
  product,
  productTiles,
  type Rows,
  sumOfSquares,
} from "../linear-algebra/index.ts";
import { type Share, shareOf } from "./share.ts";

/** Features of images whose classes are known, 0…classes−1. */
export interface LabelledFeatures {
  readonly features: Matrix | Rows;
  readonly labels: ArrayLike<number>;
}

/** Neighbours asked, and the temperature of their votes: what DINO (arXiv:2104.14294) reports. */
export const KNN = { neighbours: 20, temperature: 0.07 } as const;

/**
 * Top-1 accuracy of the weighted nearest-neighbour classifier of Wu et al. (arXiv:1805.01978 §3.4): of a query's k
 * most similar rows of the bank by cosine (all where there are fewer), each votes for its class with exp(s/τ).
 * Rows of equal similarity come in the bank's order, of classes with equal votes the first wins, and a row of zeros is
 * of similarity 0 to all. Holds k neighbours a query and one tile of similarities.
 *
 * @param bank training images, n×d
 * @param queries held-out images, m×d
 * @throws RangeError for an empty side, other dimensions, numbers that are not finite, or labels that are no classes
 */
export async function knnAccuracy(
  bank: LabelledFeatures,
  queries: LabelledFeatures,
  classes: number,
  { neighbours, temperature }: { readonly neighbours: number; readonly temperature: number } = KNN,
  multiply: Product = product,
): Promise<Share> {
  checkLabelled("the bank", bank, classes);
  checkLabelled("the queries", queries, classes);
  if (bank.features.cols !== queries.features.cols)
    throw new RangeError(
      `queries of ${queries.features.cols} dimensions, a bank of ${bank.features.cols}: they must agree`,
    );
  const nearest = await nearestOf(bank, queries, Math.min(neighbours, bank.features.rows), multiply);
  let correct = 0;
  for (let i = 0; i < queries.features.rows; i++)
    if (elected(nearest, i, classes, temperature) === queries.labels[i]) correct++;
  return shareOf(correct, queries.features.rows);
}

/** The accuracy of always guessing the most frequent class: chance, which a probe is read beside. */
export function chanceAccuracy(labels: ArrayLike<number>, classes: number): number {
  const counts = new Int32Array(classes);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return Math.max(...counts) / labels.length;
}

function checkLabelled(name: string, { features, labels }: LabelledFeatures, classes: number): void {
  if (features.rows < 1) throw new RangeError(`${name}: a kNN accuracy needs at least 1 row, got 0`);
  if (labels.length !== features.rows)
    throw new RangeError(`${name}: ${labels.length} labels for ${features.rows} rows`);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`${name}: row ${i} has label ${label}, expected 0…${classes - 1}`);
  }
}

/** Of every query, the k most similar rows in falling order: query i's at i·k…. */
interface Nearest {
  readonly k: number;
  readonly similarities: Float64Array;
  readonly labels: Int32Array;
}

async function nearestOf(
  bank: LabelledFeatures,
  queries: LabelledFeatures,
  k: number,
  multiply: Product,
): Promise<Nearest> {
  const found = queries.features.rows * k;
  const nearest = {
    k,
    similarities: new Float64Array(found).fill(-Infinity),
    labels: new Int32Array(found),
  };
  const tiles = productTiles(unitRows(queries.features), unitRows(bank.features), multiply);
  // The columns of a row of tiles come from left to right, so that of equals the first stays in front.
  for await (const { rowStart, columnStart, dots } of tiles)
    for (let i = 0, at = 0; i < dots.rows; i++)
      for (let j = 0; j < dots.cols; j++, at++)
        insert(nearest, rowStart + i, dots.data[at]!, bank.labels[columnStart + j]!);
  return nearest;
}

/** x/‖x‖ a row. */
const unitRows = (a: Matrix | Rows): Rows =>
  mappedRows(a, a.cols, ({ rows, cols, data }) => {
    const unit = matrix(rows, cols);
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * cols, (i + 1) * cols);
      const norm = Math.sqrt(sumOfSquares(row));
      if (!Number.isFinite(norm)) throw new RangeError("a row has numbers that are not finite");
      if (norm > 0) for (let j = 0; j < cols; j++) unit.data[i * cols + j] = row[j]! / norm;
    }
    return unit;
  });

function insert({ k, similarities, labels }: Nearest, query: number, similarity: number, label: number) {
  const start = query * k;
  let at = start + k - 1;
  if (!(similarity > similarities[at]!)) return;
  for (; at > start && similarity > similarities[at - 1]!; at--) {
    similarities[at] = similarities[at - 1]!;
    labels[at] = labels[at - 1]!;
  }
  similarities[at] = similarity;
  labels[at] = label;
}

/** The class with most votes. They are taken relative to the nearest row's, exp((s − s₁)/τ), which no temperature overflows. */
function elected({ k, similarities, labels }: Nearest, query: number, classes: number, temperature: number) {
  const votes = new Float64Array(classes);
  const first = query * k;
  for (let at = first; at < first + k; at++)
    votes[labels[at]!]! += Math.exp((similarities[at]! - similarities[first]!) / temperature);
  return votes.indexOf(Math.max(...votes));
}
