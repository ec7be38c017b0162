/** Decoding for evaluation: the pixels Pillow's convert("RGB") gives. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeStoredPixels } from "../../harness/formats/image.ts";
import { fixtures } from "./fixtures.ts";
import { photos } from "./inception-images.ts";

const folder = fixtures("inception");
const png = folder && existsSync(join(folder, "png")) ? join(folder, "png") : null;

describe.skipIf(!png)("PNG files (skipped without fixtures of inception)", () => {
  const files = png ? readdirSync(png).filter((name) => name.endsWith(".png")) : [];

  it.each(files)(`${png}: %s`, async (name) => {
    const expected = (await photos(folder!)).get(basename(name, ".png"))!;
    const found = await decodeStoredPixels(join(png!, name));
    expect([found.width, found.height]).toEqual([expected.width, expected.height]);
    expect(Buffer.compare(found.data, expected.data)).toBe(0);
  });
});

interface DecodedJpeg {
  readonly file: string;
  readonly shape_hwc: readonly number[];
  readonly sum: number;
  readonly pixel_0_0: readonly number[];
  readonly pixel_last: readonly number[];
}

const pooled = folder ? join(folder, "pooled.json") : "";
const photoFolder = folder ? join(folder, "..", "..", "data", "photos") : "";

describe.skipIf(!existsSync(pooled) || !existsSync(photoFolder))(
  "JPEG files (skipped without fixtures of inception or the photos)",
  () => {
    const checks: DecodedJpeg[] = existsSync(pooled)
      ? JSON.parse(readFileSync(pooled, "utf8")).decode_check_first_5_of_ref
      : [];

    it.each(checks)(`${photoFolder}: $file`, async ({ file, shape_hwc, sum, pixel_0_0, pixel_last }) => {
      const { width, height, data } = await decodeStoredPixels(join(photoFolder, file));
      expect([height, width, 3]).toEqual(shape_hwc);
      expect([...data.subarray(0, 3)]).toEqual(pixel_0_0);
      expect([...data.subarray(-3)]).toEqual(pixel_last);
      expect(data.reduce((total, value) => total + value, 0)).toBe(sum);
    });
  },
);
