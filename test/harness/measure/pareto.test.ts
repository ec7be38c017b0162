import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onParetoLine, type Priced } from "../../../harness/measure/pareto.ts";

/** Few numbers, so that ties are common. */
const points = fc.array(
  fc.record({ cost: fc.integer({ min: 0, max: 6 }), value: fc.integer({ min: 0, max: 6 }) }),
  {
    maxLength: 12,
  },
);

describe("the Pareto line", () => {
  test("a dearer and worse point is off it; equal points are both on it", () => {
    const at = (cost: number, value: number): Priced => ({ cost, value });
    expect(onParetoLine([at(1, 9), at(2, 5), at(3, 5), at(2, 5), at(4, 1), at(5, 2), at(1, 10)])).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(onParetoLine([])).toEqual([]);
  });

  test("it never rises: of two points on it, the dearer is better, or they are equal", () => {
    fc.assert(
      fc.property(points, (all) => {
        const on = onParetoLine(all);
        const line = all.filter((_, i) => on[i]);
        for (const a of line)
          for (const b of line) if (a.cost < b.cost) expect(b.value).toBeLessThan(a.value);
        for (const a of line) for (const b of line) if (a.cost === b.cost) expect(a.value).toBe(b.value);
      }),
    );
  });

  test("every point off it has one on it that is no dearer and no worse; the cheapest and the best are on it", () => {
    fc.assert(
      fc.property(points, (all) => {
        const on = onParetoLine(all);
        all.forEach((point, i) => {
          const better = all.some(
            (other, j) => on[j] && other.cost <= point.cost && other.value <= point.value,
          );
          expect(better, `point ${i}`).toBe(true);
        });
        const best = Math.min(...all.map(({ value }) => value));
        if (all.length > 0) expect(all.some(({ value }, i) => on[i] && value === best)).toBe(true);
      }),
    );
  });

  test("the order of the points plays no part", () => {
    fc.assert(
      fc.property(points, (all) => {
        expect(onParetoLine([...all].reverse())).toEqual(onParetoLine(all).reverse());
      }),
    );
  });
});
