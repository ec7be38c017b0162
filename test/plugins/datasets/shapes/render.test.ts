import { describe, expect, it } from "vitest";
import { OUTLINES } from "../../../../plugins/datasets/shapes/outlines.ts";
import { render, type Scene } from "../../../../plugins/datasets/shapes/render.ts";

const scene = (changes: Partial<Scene> = {}): Scene => ({
  outline: OUTLINES.circle!,
  centreX: 0.5,
  centreY: 0.5,
  radius: 0.3,
  angle: 0,
  colour: [200, 40, 80],
  ground: [250, 240, 245],
  ...changes,
});

function draw(changes: Partial<Scene>, side: number): Uint8Array {
  const out = new Uint8Array(side * side * 3);
  render(scene(changes), side, out);
  return out;
}

/** Area of the object, in pixels: the sum of the red channel's coverage. */
const area = (image: Uint8Array) =>
  image.filter((_, i) => i % 3 === 0).reduce((sum, v) => sum + (250 - v) / 50, 0);

describe("render", () => {
  it("shows the colour in the middle and the ground in the corners", () => {
    const image = draw({}, 32);
    const middle = (16 * 32 + 16) * 3;
    expect([...image.subarray(middle, middle + 3)]).toEqual([200, 40, 80]);
    expect([...image.subarray(0, 3)]).toEqual([250, 240, 245]);
  });

  it("covers the outline's area at every resolution: the edge is a pixel wide", () => {
    for (const side of [32, 64, 256]) {
      const image = draw({}, side);
      expect(area(image) / side ** 2).toBeCloseTo(Math.PI * (0.84 * 0.3) ** 2, 3);
      const perimeter = 2 * Math.PI * 0.84 * 0.3 * side;
      const mixed = image.filter((v, i) => i % 3 === 0 && v > 200 && v < 250).length;
      expect(mixed).toBeGreaterThan(0.8 * perimeter);
      expect(mixed).toBeLessThan(1.5 * perimeter);
    }
  });

  it("is upright: a heart's tip points down, a crescent opens to the right", () => {
    const half = (name: string, of: (x: number, y: number) => boolean) =>
      area(
        draw({ outline: OUTLINES[name]! }, 64).map((v, i) =>
          of(Math.floor(i / 3) % 64, Math.floor(i / 192)) ? v : 250,
        ),
      );
    expect(half("heart", (_, y) => y < 32)).toBeGreaterThan(1.3 * half("heart", (_, y) => y >= 32));
    expect(half("crescent", (x) => x < 32)).toBeGreaterThan(1.3 * half("crescent", (x) => x >= 32));
  });

  it("turns a half-turned image of a symmetric square into itself, an eighth-turned one not", () => {
    const square = (angle: number) => draw({ outline: OUTLINES.square!, angle }, 32);
    expect(square(Math.PI)).toEqual(square(0));
    expect(square(Math.PI / 4)).not.toEqual(square(0));
  });

  it("cuts an object that leaves the image", () => {
    expect(area(draw({ centreX: 0 }, 64))).toBeCloseTo(area(draw({}, 64)) / 2, 0);
  });
});
