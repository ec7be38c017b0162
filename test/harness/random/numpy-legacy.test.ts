import { describe, expect, it } from "vitest";
import { numpyLegacy } from "../../../harness/random/numpy-legacy.ts";

describe("numpyLegacy", () => {
  it("gives RandomState's known answers", () => {
    // init_genrand(5489), the authors' default seed, begins so.
    expect(numpyLegacy(5489).word()).toBe(3499211612);
    expect([...numpyLegacy(2020).permutation(10)]).toEqual([2, 4, 9, 1, 5, 7, 6, 3, 8, 0]);
    expect([...numpyLegacy(2020).permutation(50000).subarray(0, 3)]).toEqual([24397, 39273, 6546]);
  });

  it("chooses the first of a permutation, and shuffles as it permutes", () => {
    const permutation = numpyLegacy(7).permutation(100);
    expect(numpyLegacy(7).choice(100, 30)).toEqual(permutation.slice(0, 30));
    const values = Int32Array.from({ length: 100 }, (_, i) => i);
    numpyLegacy(7).shuffle(values);
    expect(values).toEqual(permutation);
  });

  it("refuses other seeds and sizes", () => {
    for (const seed of [-1, 0.5, 2 ** 32]) expect(() => numpyLegacy(seed)).toThrow(/0…4294967295/);
    expect(() => numpyLegacy(0).choice(3, 4)).toThrow(/0…3, got 4/);
  });
});
