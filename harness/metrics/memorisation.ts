import {
  type Matrix,
  type Product,
  product,
  type Rows,
  squaredDistanceTiles,
} from "../linear-algebra/index.ts";
import { type Share, shareOf } from "./share.ts";

/** Training features with what every comparison to them needs, found once. */
export interface TrainingNeighbours {
  readonly features: Matrix | Rows;
  /** Squared distance of every training row to the nearest training row that differs from it. */
  readonly ownDistances: Float64Array;
}

/** Training rows that are equal count as one image, so that copying an image held twice is still seen. */
export async function trainingNeighbours(
  features: Matrix | Rows,
  multiply: Product = product,
): Promise<TrainingNeighbours> {
  const ownDistances = new Float64Array(features.rows).fill(Infinity);
  for await (const { rowStart, distances } of squaredDistanceTiles(features, features, multiply)) {
    for (let i = 0; i < distances.rows; i++) {
      for (let j = 0; j < distances.cols; j++) {
        const distance = distances.data[i * distances.cols + j]!;
        if (distance > 0 && distance < ownDistances[rowStart + i]!) ownDistances[rowStart + i] = distance;
      }
    }
  }
  if (!ownDistances.every(Number.isFinite)) {
    throw new RangeError(`memorisation needs 2 training rows that differ, got ${features.rows} equal ones`);
  }
  return { features, ownDistances };
}

/** `memorisation` of samples, and the training row nearest to each. */
export interface Memorisation extends Share {
  readonly nearest: Int32Array;
}

/**
 * Share of samples nearer to their nearest training row than that row is to its own nearest other training
 * row (one minus the authenticity of Alaa et al. 2022, arXiv:2102.08921, §3.3), strictly. Range 0…1: copies of
 * training images give 1; images of the same distribution, held out, about one half at most, so it is read
 * beside their value.
 */
export async function memorisation(
  samples: Matrix | Rows,
  training: TrainingNeighbours,
  multiply: Product = product,
): Promise<Memorisation> {
  const n = samples.rows;
  if (n < 1) throw new RangeError("memorisation needs at least 1 sample, got 0");
  const nearest = new Int32Array(n);
  const distance = new Float64Array(n).fill(Infinity);
  for await (const { rowStart, columnStart, distances } of squaredDistanceTiles(
    samples,
    training.features,
    multiply,
  )) {
    for (let i = 0; i < distances.rows; i++) {
      for (let j = 0; j < distances.cols; j++) {
        const found = distances.data[i * distances.cols + j]!;
        if (found >= distance[rowStart + i]!) continue;
        distance[rowStart + i] = found;
        nearest[rowStart + i] = columnStart + j;
      }
    }
  }
  let count = 0;
  for (let i = 0; i < n; i++) if (distance[i]! < training.ownDistances[nearest[i]!]!) count++;
  return { ...shareOf(count, n), nearest };
}
