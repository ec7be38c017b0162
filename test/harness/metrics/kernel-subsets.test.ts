import { describe, expect, it } from "vitest";
import { cleanFidSubsets, torchFidelitySubsets } from "../../../harness/metrics/index.ts";

/** Draws 0…size−1, and remembers what it was asked for. */
function recorder() {
  const asked: number[][] = [];
  const choice = (n: number, size: number): Int32Array => {
    asked.push([n, size]);
    return Int32Array.from({ length: size }, (_, i) => i);
  };
  return { asked, choice };
}

describe("subsets of a kernel distance", () => {
  it("are drawn samples first by torch-fidelity, reference first by clean-fid", () => {
    const [torch, clean] = [recorder(), recorder()];
    expect(torchFidelitySubsets(50, 40, { count: 2, size: 30 }, torch.choice)).toHaveLength(2);
    expect(torch.asked).toEqual([
      [50, 30],
      [40, 30],
      [50, 30],
      [40, 30],
    ]);
    const [first] = cleanFidSubsets(50, 40, { count: 1, size: 1000 }, clean.choice);
    expect(clean.asked).toEqual([
      [40, 40],
      [50, 40],
    ]);
    expect([first!.samples.length, first!.reference.length]).toEqual([40, 40]);
  });

  it("need as many rows, in torch-fidelity, and a plan that is one", () => {
    const { choice } = recorder();
    expect(() => torchFidelitySubsets(50, 40, { count: 1, size: 41 }, choice)).toThrow(/41 rows.*50 and 40/);
    expect(() => torchFidelitySubsets(50, 40, { count: 0, size: 9 }, choice)).toThrow(/count.*got 0/);
    expect(() => cleanFidSubsets(50, 40, { count: 1, size: 1 }, choice)).toThrow(/size.*got 1/);
  });
});
