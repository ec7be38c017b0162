import { describe, expect, test } from "vitest";
import { cuts, networkShape } from "../../../../plugins/models/epg/sizes.ts";

describe("how a size cuts images", () => {
  const patch = (size: Parameters<typeof networkShape>[0], resolution: number): number =>
    networkShape(size, { resolution, classes: 0 }).patch;

  test.each([
    ["tiny", 32, 8],
    ["tiny", 64, 8],
    ["tiny", 128, 16],
    ["small", 256, 32],
    ["base", 64, 8],
    ["base", 96, 8],
    ["base", 128, 8],
    ["base", 256, 16],
    ["XL/16", 256, 16],
    ["L/32", 512, 32],
  ] as const)("%s at %i px: patches of %i px", (size, resolution, pixels) => {
    expect(patch(size, resolution)).toBe(pixels);
  });

  test("refuses a side that no whole number of patches fills", () => {
    expect(cuts("base", 100)).toBe(false);
    expect(() => patch("base", 100)).toThrow(/^resolution 100 is not a multiple of 8, which epg size "base"/);
    expect(() => patch("base", 136)).toThrow(/is not a multiple of 16/);
    expect(() => patch("L/32", 520)).toThrow(/is not a multiple of 32/);
  });
});
