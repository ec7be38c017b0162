import fc from "fast-check";
import { expect, test } from "vitest";
import { createStream } from "../../../../harness/random/index.ts";
import { channelScales } from "../../../../plugins/models/epg/images.ts";
import {
  FIRST_VIEW,
  SECOND_VIEW,
  ViewMaker,
  type ViewSettings,
} from "../../../../plugins/models/epg/views.ts";

const SIDE = 16;
const scales = channelScales("simple");
const OFF: ViewSettings = {
  minScale: 1,
  jitter: { ...FIRST_VIEW.jitter, probability: 0 },
  grey: 0,
  blur: 0,
  solarise: 0,
};

const picture = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 37 + (i % 7) * 11) % 256);

const make = (
  image: Uint8Array,
  settings: ViewSettings,
  seed: number,
  maker = new ViewMaker(SIDE, scales),
) => {
  const out = new Float32Array(3 * SIDE * SIDE);
  maker.write(image, settings, createStream(seed, "view"), out);
  return out;
};

const plain = (red: number, green: number, blue: number) =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => [red, green, blue][i % 3]!);

test("a view depends on its stream alone, not on what its maker made before", () => {
  const used = new ViewMaker(SIDE, scales);
  make(picture, FIRST_VIEW, 1, used);
  expect(make(picture, SECOND_VIEW, 2, used)).toEqual(make(picture, SECOND_VIEW, 2));
  expect(make(picture, FIRST_VIEW, 3)).not.toEqual(make(picture, FIRST_VIEW, 4));
});

test("views stay within the range of images", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, first) => {
      for (const value of make(picture, first ? FIRST_VIEW : SECOND_VIEW, seed))
        expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-5);
    }),
    { numRuns: 50 },
  );
});

test("a crop of the whole image is the image or its mirror", () => {
  const expected = (flip: boolean) =>
    Float32Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
      const [channel, row, column] = [Math.floor(i / SIDE ** 2), Math.floor(i / SIDE) % SIDE, i % SIDE];
      return picture[(row * SIDE + (flip ? SIDE - 1 - column : column)) * 3 + channel]! / 127.5 - 1;
    });
  const whole = (flip: boolean, found: Float32Array) =>
    expected(flip).every((value, i) => Math.abs(value - found[i]!) < 1e-5);
  const square = { ...OFF };
  const found = Array.from({ length: 40 }, (_, seed) => make(picture, square, seed));
  // A box of the full area and another aspect ratio does not fit, so most crops fall back to the whole image.
  const mirrored = found.filter((view) => whole(true, view)).length;
  const straight = found.filter((view) => whole(false, view)).length;
  expect(mirrored).toBeGreaterThan(5);
  expect(straight).toBeGreaterThan(5);
});

test("grey has equal channels, of the image's luma", () => {
  const view = make(plain(200, 100, 50), { ...OFF, grey: 1 }, 0);
  const luma = (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 127.5 - 1;
  for (const value of view) expect(value).toBeCloseTo(luma, 5);
});

test("blur keeps a plain image and smooths another", () => {
  for (const value of make(plain(10, 10, 10), { ...OFF, blur: 1 }, 0))
    expect(value).toBeCloseTo(10 / 127.5 - 1, 5);
  const roughness = (view: Float32Array) =>
    view.reduce((sum, value, i) => sum + Math.abs(value - (view[i - 1] ?? value)), 0);
  expect(roughness(make(picture, { ...OFF, blur: 1 }, 1))).toBeLessThan(roughness(make(picture, OFF, 1)));
});

test("solarising inverts the bright and leaves the dark", () => {
  const view = make(plain(200, 20, 255), { ...OFF, solarise: 1 }, 0);
  const area = SIDE * SIDE;
  expect([view[0], view[area], view[2 * area]].map((value) => Math.round((value! + 1) * 127.5))).toEqual([
    55, 20, 0,
  ]);
});

test("a shifted hue keeps value and saturation", () => {
  const jitter = { probability: 1, brightness: 0, contrast: 0, saturation: 0, hue: 0.5 };
  const area = SIDE * SIDE;
  for (let seed = 0; seed < 20; seed++) {
    const view = make(plain(220, 40, 90), { ...OFF, jitter }, seed);
    const pixel = [0, area, 2 * area].map((i) => Math.round((view[i]! + 1) * 127.5));
    expect(Math.max(...pixel)).toBe(220);
    expect(Math.min(...pixel)).toBe(40);
  }
});
