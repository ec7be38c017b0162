import { expect, it } from "vitest";
import type { ImageSource } from "../../../harness/plugin.ts";
import { reconstructed } from "../../../harness/run/reconstruct.ts";

const source: ImageSource = {
  length: 4,
  identity: "",
  label: () => 0,
  images: async (indices) => Uint8Array.from(indices.flatMap((index) => [index, index])),
};

it("pads the last batch and drops its padding; begins again where there are too few", async () => {
  const seen: number[][] = [];
  const reconstruct = async (images: Uint8Array) => {
    seen.push([...images]);
    return images.map((value) => 10 + value);
  };
  const batches: { real: number[]; made: number[] }[] = [];
  for await (const { real, made } of reconstructed({ batchSize: 2, reconstruct }, source, 5))
    batches.push({ real: [...real], made: [...made] });
  expect(seen).toEqual([
    [0, 0, 1, 1],
    [2, 2, 3, 3],
    [0, 0, 0, 0],
  ]);
  expect(batches).toEqual([
    { real: [0, 0, 1, 1], made: [10, 10, 11, 11] },
    { real: [2, 2, 3, 3], made: [12, 12, 13, 13] },
    { real: [0, 0], made: [10, 10] },
  ]);
});
