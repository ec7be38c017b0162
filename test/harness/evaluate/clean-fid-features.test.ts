import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCleanFidFeatures } from "../../../harness/evaluate/clean-fid-features.ts";
import { openFeatures } from "../../../harness/evaluate/inputs.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { npyHeader } from "../../../harness/formats/npy-header.ts";
import { asBytes, type NumericArray } from "../../../harness/formats/numeric-array.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { zipFile } from "../formats/zip-writer.ts";

const ROWS = 3000;

function written({ dtype, shape, data }: NumericArray, method?: "deflated", name = "feats"): string {
  const npy = Buffer.concat([npyHeader(dtype, shape), asBytes(data)]);
  const path = join(temporaryFolder(), "x_kid.npz");
  writeFileSync(path, zipFile({ [`${name}.npy`]: npy }, method));
  return path;
}

const floats = (shape: number[], data: Float32Array): NumericArray => ({ dtype: "float32", shape, data });
const counted = floats(
  [ROWS, 2],
  Float32Array.from({ length: 2 * ROWS }, (_, i) => i / 2),
);

describe("clean-fid's features", () => {
  it("are the same rows and the same content, compressed or not", async () => {
    const contents = new Set<string>();
    for (const method of [undefined, "deflated"] as const) {
      const set = (await openCleanFidFeatures(written(counted, method)))!;
      const rows = set.layers.get("2048")!;
      expect([set.n, rows.rows, rows.cols]).toEqual([ROWS, ROWS, 2]);
      expect([...(await rows.range(ROWS - 2, ROWS)).data]).toEqual([5996 / 2, 5997 / 2, 5998 / 2, 5999 / 2]);
      const chosen = await rows.select(Int32Array.of(7, 8, 9, 0, 2999));
      expect([...chosen.data]).toEqual([7, 7.5, 8, 8.5, 9, 9.5, 0, 0.5, 2999, 2999.5]);
      contents.add(set.content);
      await set.close();
    }
    expect(contents.size).toBe(1);
  });

  it.each([undefined, "deflated"] as const)(
    "are refused by the place of a number that is none (%s)",
    async (method) => {
      const data = Float32Array.from(counted.data as Float32Array);
      data[2 * 2048 + 1] = Number.NaN;
      const failure = await openCleanFidFeatures(written(floats([ROWS, 2], data), method)).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(FormatError);
      expect(failure).toMatchObject({
        message: expect.stringMatching(/x_kid\.npz: feats: row 2048, dimension 1 is NaN$/),
      });
    },
  );

  it.each([
    [floats([3, 0], new Float32Array(0)), "float32 [3, 0]"],
    [floats([0, 3], new Float32Array(0)), "float32 [0, 3]"],
    [floats([3], new Float32Array(3)), "float32 [3]"],
    [{ dtype: "int32", shape: [1, 1], data: Int32Array.of(1) } as const, "int32 [1, 1]"],
  ])("are floats [n, d]: %#", async (array, found) => {
    await expect(openFeatures(written(array))).rejects.toThrow(
      `feats: features are floats [n, d], this is ${found}`,
    );
  });

  it("are not in other archives", async () => {
    expect(await openCleanFidFeatures(written(counted, undefined, "mu"))).toBeNull();
  });
});
