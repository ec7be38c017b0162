/** Whether a file of reference statistics holds what is said of it. */
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { openAdmSamples } from "../formats/npz.ts";
import { readStatistics } from "../formats/statistics.ts";
import type { ReferenceEntry } from "./registry.ts";

/**
 * Reads all of a file: statistics must be finite and symmetric, images whole by their CRC-32.
 * @returns a sentence for everything that is otherwise than `expected`
 * @throws UserError for a file that cannot be read, or lacks what is expected
 */
export async function contentDeviations(
  path: string,
  expected: Pick<ReferenceEntry, "n" | "resolution" | "statistics" | "images">,
): Promise<string[]> {
  try {
    const deviations: string[] = [];
    for (const [mean, dimensions] of Object.entries(expected.statistics))
      deviations.push(...(await statisticsDeviations(path, mean, dimensions, expected.n)));
    if (expected.images !== null)
      deviations.push(...(await imageDeviations(path, expected.images, expected.resolution)));
    return deviations;
  } catch (error) {
    throw error instanceof FormatError ? new UserError(error.message, "fetch the file again") : error;
  }
}

async function statisticsDeviations(
  path: string,
  mean: string,
  dimensions: number,
  n: number | null,
): Promise<string[]> {
  const statistics = await readStatistics(path, mean);
  const { length } = statistics.mean;
  return [
    ...(length === dimensions ? [] : [`${mean} has ${length} dimensions, not ${dimensions}`]),
    ...(statistics.images === null || n === null || statistics.images === n
      ? []
      : [`${mean} is of ${statistics.images} images, not ${n}`]),
  ];
}

async function imageDeviations(path: string, images: number, resolution: number): Promise<string[]> {
  const file = await openAdmSamples(path);
  try {
    const [n, height, width] = file.shape;
    let bytes = 0;
    for await (const batch of file.batches()) bytes += batch.length;
    if (bytes !== n * height * width * 3)
      throw new FormatError(path, "arr_0", `${bytes} bytes of pixels in ${n} images`);
    return [
      ...(n === images ? [] : [`arr_0 has ${n} images, not ${images}`]),
      ...(height === resolution && width === resolution
        ? []
        : [`arr_0 has images of ${width}x${height}, not ${resolution}x${resolution}`]),
    ];
  } finally {
    await file.close();
  }
}
