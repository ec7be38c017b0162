import { describe, expect, it } from "vitest";
import type { Image } from "../../../../harness/formats/image.ts";
import { type Preparation, prepare } from "../../../../plugins/features/preprocessing/prepare.ts";
import { PRESETS, TOOLS } from "../../../../plugins/features/preprocessing/presets.ts";

const SIDE = 299;

/** The synthetic image of the published goldens: I[y,x,c] = (7x + 13y + 29c + xy) mod 256. */
function synthetic(side: number): Image {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = (7 * x + 13 * y + 29 * c + x * y) % 256;
  return { width: side, height: side, data };
}

const flat = (value: number, width: number, height: number): Image => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

const identity = { levels: 255, subtract: 0, divide: 1 } as const;

describe("prepare", () => {
  it.each<[string, number, Preparation, number, number, number]>([
    ["tensorflow", 256, { resize: "tensorflow-bilinear", ...identity }, 17.856804, 147.789841, 5],
    ["tensorflow", 512, { resize: "tensorflow-bilinear", ...identity }, 37.179718, 62.700699, 5],
    ["pytorch", 256, { resize: "pytorch-bilinear", ...identity, levels: 1 }, 0.06392437, 0.5984531, 6],
    ["pytorch", 512, { resize: "pytorch-bilinear", ...identity, levels: 1 }, 0.17902033, 0.21962461, 6],
    ["nvidia", 256, { resize: "nvidia-bilinear", ...identity }, 17.856804, 147.789841, 2],
    ["nvidia", 512, { resize: "nvidia-bilinear", ...identity }, 37.179718, 62.700699, 1],
  ])("gives the golden values of %s's bilinear from %i²", (_, side, preparation, first, second, digits) => {
    const out = prepare([synthetic(side)], SIDE, preparation);
    expect(out[SIDE + 1]).toBeCloseTo(first, digits);
    expect(out[(SIDE + 150) * SIDE + 37]).toBeCloseTo(second, digits);
  });

  it.each(TOOLS)("keeps a flat image flat, scaled as %s does, whatever its size", (tool) => {
    const { levels, toUnit, subtract, divide } = PRESETS[tool] as Preparation;
    const unit = levels === 1 || toUnit === true;
    for (const value of [0, 1, 128, 255]) {
      const wanted = ((unit ? value / 255 : value) - subtract) / divide;
      expect(unit ? 2 * (value / 255) - 1 : (value - 128) / 128).toBeCloseTo(wanted, 12);
      const out = prepare([flat(value, 7, 5), flat(value, 400, 301), flat(value, 1, 1)], SIDE, PRESETS[tool]);
      expect(out).toHaveLength(3 * 3 * SIDE * SIDE);
      expect(Math.max(...minMax(out).map((found) => Math.abs(found - wanted)))).toBeLessThan(1e-6);
    }
  });

  it("refuses bytes that are not the shape", () => {
    const image = { data: new Uint8Array(11), width: 2, height: 2 };
    expect(() => prepare([image], 4, PRESETS.adm)).toThrow("11 bytes are not [2, 2, 3]");
  });
});

const minMax = (numbers: Float32Array): [number, number] =>
  numbers.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)] as [number, number], [
    Infinity,
    -Infinity,
  ] as [number, number]);
