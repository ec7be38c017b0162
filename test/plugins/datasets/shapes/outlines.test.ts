import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OUTLINES } from "../../../../plugins/datasets/shapes/outlines.ts";

const place = fc.double({ min: -1.5, max: 1.5, noNaN: true });

describe.each(Object.entries(OUTLINES))("the outline %s", (_, outline) => {
  it("lies within the unit circle and fills a good part of it", () => {
    let inside = 0;
    let farthest = 0;
    for (let x = -1.5; x <= 1.5; x += 0.02)
      for (let y = -1.5; y <= 1.5; y += 0.02)
        if (outline(x, y) < 0) {
          inside++;
          farthest = Math.max(farthest, Math.hypot(x, y));
        }
    expect(farthest).toBeLessThanOrEqual(1.001);
    expect(farthest).toBeGreaterThan(0.8);
    expect((inside * 0.02 ** 2) / Math.PI).toBeGreaterThan(0.25);
  });

  it("is a distance: it changes no faster than the point moves", () => {
    fc.assert(
      fc.property(place, place, place, place, (x, y, u, v) => {
        const moved = Math.hypot(x - u, y - v);
        expect(Math.abs(outline(x, y) - outline(u, v))).toBeLessThanOrEqual(moved + 1e-9);
      }),
    );
  });

  it("has slope 1 almost everywhere outside", () => {
    fc.assert(
      fc.property(place, place, (x, y) => {
        fc.pre(outline(x, y) > 0.02);
        const h = 1e-5;
        const slope = Math.hypot(
          (outline(x + h, y) - outline(x - h, y)) / (2 * h),
          (outline(x, y + h) - outline(x, y - h)) / (2 * h),
        );
        // Not at the crease between two nearest points: a kink of 6e-9 moves a slope by 6e-9/2h = 3e-4, and
        // what lies 0.02 outside bends by at most h²/0.02 = 5e-9.
        fc.pre(Math.abs(outline(x + h, y) + outline(x - h, y) - 2 * outline(x, y)) < 6e-9);
        fc.pre(Math.abs(outline(x, y + h) + outline(x, y - h) - 2 * outline(x, y)) < 6e-9);
        expect(slope).toBeCloseTo(1, 3);
      }),
    );
  });
});
