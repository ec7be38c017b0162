import { expect, it } from "vitest";
import { inBatches } from "../../harness/batches.ts";

it("pads the last batch and drops its padding", async () => {
  const seen: number[][] = [];
  const all = await inBatches(5, 2, new Uint8Array(5), async (positions) => {
    seen.push([...positions]);
    return Uint8Array.from(positions, (position) => 10 + position);
  });
  expect(seen).toEqual([
    [0, 1],
    [2, 3],
    [4, 4],
  ]);
  expect([...all]).toEqual([10, 11, 12, 13, 14]);
});
