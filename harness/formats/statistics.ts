/**
 * Statistics of features, a mean and a covariance, as every tool keeps them: `mu` and `sigma` in the npz files of
 * pytorch-fid, clean-fid, EDM and ADM (where `mu_s` and `sigma_s` are the spatial features'), `fid/mu` and
 * `fd_dinov2/mu` in EDM2's pickles, `ref_mu` in MeanFlow's files, `mu` in torch-fidelity's cache.
 */
import { FormatError } from "./format-error.ts";
import { toFloat64 } from "./numeric-array.ts";
import { openTensors } from "./open-tensors.ts";
import { type LazyTensor, readTensor, type TensorFile } from "./tensor-file.ts";

export interface StoredStatistics {
  /** d numbers. */
  readonly mean: Float64Array;
  /** d×d, row-major, symmetric. */
  readonly covariance: Float64Array;
  /** Of how many images, where the file says so. */
  readonly images: number | null;
}

/** What the mean of Inception's pooled features is called. */
export const MEANS = ["mu", "fid/mu", "ref_mu"];

/**
 * Reads a mean and the covariance beside it. That no eigenvalue is negative is not checked.
 * @param mean its name; the covariance has `sigma` where this has `mu`
 * @throws FormatError where one is missing, or is not finite floats of fitting shapes, symmetric, of variances ≥ 0
 */
export async function readStatistics(path: string, mean?: string): Promise<StoredStatistics> {
  const file = await openTensors(path);
  try {
    const name = mean ?? MEANS.find((usual) => file.tensors.has(usual)) ?? "mu";
    const covarianceName = name.replace(/mu(?=[^/]*$)/, "sigma");
    const mu = find(file, name, path);
    const sigma = find(file, covarianceName, path);
    checkShapes(mu, sigma, [name, covarianceName], path);
    const statistics = {
      mean: toFloat64(await readTensor(mu)),
      covariance: toFloat64(await readTensor(sigma)),
      images: imagesOf(file),
    };
    checkNumbers(statistics, [name, covarianceName], path);
    return statistics;
  } finally {
    await file.close();
  }
}

function find({ tensors }: TensorFile, name: string, path: string): LazyTensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  const others = [...tensors.keys()].slice(0, 8).join(", ") || "none";
  throw new FormatError(path, name, `there is no such array; the file has ${others}`);
}

function checkShapes(
  mu: LazyTensor,
  sigma: LazyTensor,
  names: readonly [string, string],
  path: string,
): void {
  for (const [tensor, name, axes] of [
    [mu, names[0], 1],
    [sigma, names[1], 2],
  ] as const) {
    const found = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
    if (!/float/.test(tensor.dtype))
      throw new FormatError(path, name, `statistics are floats, this is ${found}`);
    if (tensor.shape.length !== axes || tensor.shape.some((side) => side !== mu.shape[0]))
      throw new FormatError(path, name, `a mean is [d] and a covariance [d, d], this is ${found}`);
  }
  if (mu.shape[0] === 0) throw new FormatError(path, names[0], "it has no dimensions");
}

/** Float32 files are right to 1e-7 of the standard deviations. */
const ROUNDING = 1e-6;

function checkNumbers(
  { mean, covariance }: StoredStatistics,
  [meanName, covarianceName]: readonly [string, string],
  path: string,
): void {
  const d = mean.length;
  for (let i = 0; i < d; i++) {
    if (!Number.isFinite(mean[i])) throw new FormatError(path, meanName, `element ${i} is ${mean[i]}`);
    const variance = covariance[i * d + i]!;
    if (!(variance >= 0 && variance < Number.POSITIVE_INFINITY))
      throw new FormatError(path, covarianceName, `the variance of dimension ${i} is ${variance}`);
    for (let j = 0; j < i; j++) {
      const [low, high] = [covariance[i * d + j]!, covariance[j * d + i]!];
      const size = Math.sqrt(variance * covariance[j * d + j]!);
      if (!(Math.abs(low - high) <= ROUNDING * size))
        throw new FormatError(path, covarianceName, `(${i}, ${j}) is ${low}, (${j}, ${i}) is ${high}`);
      if (Math.abs(low) > (1 + ROUNDING) * size)
        throw new FormatError(
          path,
          covarianceName,
          `(${i}, ${j}) is ${low}, beyond the deviations' product ${size}: it is no covariance`,
        );
    }
  }
}

function imagesOf({ values }: TensorFile): number | null {
  const images = values.get("num_images");
  return typeof images === "number" ? images : null;
}
