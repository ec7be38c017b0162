/** Pixels beside Pillow's, whose `convert("RGB")` every evaluation tool but EDM's calls. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeStoredPixels, readImageHeader } from "../../../harness/formats/image.ts";

interface PillowImage {
  readonly mode: string;
  readonly size: readonly [width: number, height: number];
  /** sha256 of its pixels. */
  readonly rgb: string;
  /** In base64. */
  readonly file: string;
}

const { versions, images } = JSON.parse(
  readFileSync(new URL("../../fixtures/pillow/images.json", import.meta.url), "utf8"),
) as { versions: Readonly<Record<string, string>>; images: Readonly<Record<string, PillowImage>> };

describe(`the stored pixels are those of Pillow ${versions.pillow}`, () => {
  it.each(Object.entries(images))("of a %s", async (_, { size, rgb, file }) => {
    const bytes = Buffer.from(file, "base64");
    const { width, height, data } = await decodeStoredPixels(bytes);
    expect([width, height]).toEqual(size);
    expect(createHash("sha256").update(data).digest("hex")).toBe(rgb);
    expect(await readImageHeader(bytes)).toMatchObject({ width, height });
  });

  it("whatever mode Pillow opens them in", () => {
    const modes = new Set(Object.values(images).map(({ mode }) => mode));
    expect([...modes].sort()).toEqual(["1", "CMYK", "L", "LA", "P", "RGB", "RGBA"]);
  });
});
