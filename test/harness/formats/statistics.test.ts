import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import type { NumericArray } from "../../../harness/formats/numeric-array.ts";
import { type NamedArrays, writeSafetensorsFile } from "../../../harness/formats/safetensors.ts";
import { readStatistics } from "../../../harness/formats/statistics.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import * as py from "./pickler.ts";

const floats = (shape: readonly number[], ...values: number[]): NumericArray => ({
  dtype: "float64",
  shape,
  data: Float64Array.from(values),
});

const mu = floats([2], 1, 2);
const sigma = floats([2, 2], 4, 1, 1, 9);

async function fileOf(arrays: NamedArrays): Promise<string> {
  const path = join(temporaryFolder(), "statistics");
  await writeSafetensorsFile(path, arrays);
  return path;
}

describe("readStatistics", () => {
  it("finds the usual mean, or the one that is asked for", async () => {
    const path = await fileOf({ mu_s: floats([1], 7), sigma_s: floats([1, 1], 3), mu, sigma });
    const found = await readStatistics(path);
    expect(found).toEqual({ mean: mu.data, covariance: sigma.data, images: null });
    expect((await readStatistics(path, "mu_s")).covariance).toEqual(Float64Array.of(3));
    const other = await fileOf({ ref_mu: mu, ref_sigma: sigma });
    expect((await readStatistics(other)).mean).toEqual(mu.data);
  });

  it("widens float32", async () => {
    const mean = { ...mu, dtype: "float32", data: Float32Array.of(0.1, 2) } as const;
    expect((await readStatistics(await fileOf({ mu: mean, sigma }))).mean[0]).toBe(Math.fround(0.1));
  });

  it.each<[string, NamedArrays, string]>([
    ["no covariance", { mu }, "sigma: there is no such array; the file has mu"],
    ["no mean", { sigma }, "mu: there is no such array"],
    [
      "integers",
      { mu: { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) }, sigma },
      "statistics are floats",
    ],
    ["a mean of two axes", { mu: { ...mu, shape: [1, 2] }, sigma }, "mu: a mean is [d]"],
    ["other dimensions", { mu: floats([1], 1), sigma }, "sigma: a mean is [d] and a covariance [d, d]"],
    ["a covariance that is not square", { mu, sigma: floats([2, 1], 1, 1) }, "this is float64 [2, 1]"],
    ["no dimensions", { mu: floats([0]), sigma: floats([0, 0]) }, "no dimensions"],
    ["a mean that is no number", { mu: floats([2], 1, Number.NaN), sigma }, "mu: element 1 is NaN"],
    [
      "an infinite variance",
      { mu, sigma: floats([2, 2], 4, 1, 1, Number.POSITIVE_INFINITY) },
      "dimension 1 is Infinity",
    ],
    ["a negative variance", { mu, sigma: floats([2, 2], -4, 1, 1, 9) }, "dimension 0 is -4"],
    [
      "a covariance that is not symmetric",
      { mu, sigma: floats([2, 2], 4, 1, 1.5, 9) },
      "(1, 0) is 1.5, (0, 1) is 1",
    ],
    ["a correlation above 1", { mu, sigma: floats([2, 2], 4, 7, 7, 9) }, "no covariance"],
  ])("refuses %s", async (_, arrays, problem) => {
    const path = await fileOf(arrays);
    await expect(readStatistics(path)).rejects.toThrow(FormatError);
    await expect(readStatistics(path)).rejects.toThrow(problem);
  });

  it("of EDM2 says of how many images it is", async () => {
    const type = py.call(py.named("numpy", "dtype"), py.text("f8"));
    const array = (shape: number[], ...values: number[]): Buffer =>
      py.call(
        py.named("numpy._core.numeric", "_frombuffer"),
        py.bytes(new Uint8Array(Float64Array.from(values).buffer)),
        type,
        py.integers(shape),
        py.text("C"),
      );
    const fid = py.dictionary([
      [py.text("mu"), array([1], 5)],
      [py.text("sigma"), array([1, 1], 2)],
    ]);
    const path = join(temporaryFolder(), "edm2");
    writeFileSync(
      path,
      py.pickle(
        py.dictionary([
          [py.text("num_images"), py.integer(50_000)],
          [py.text("fid"), fid],
        ]),
      ),
    );
    expect(await readStatistics(path)).toEqual({
      mean: Float64Array.of(5),
      covariance: Float64Array.of(2),
      images: 50_000,
    });
  });
});
