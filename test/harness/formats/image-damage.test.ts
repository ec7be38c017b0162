import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeStoredPixels, ImageError } from "../../../harness/formats/image.ts";
import { imageDamage } from "../../../harness/formats/image-damage.ts";

const noise = sharp({
  create: {
    width: 64,
    height: 48,
    channels: 3,
    background: "white",
    noise: { type: "gaussian", mean: 128, sigma: 40 },
  },
});

const FILES: readonly [string, () => Promise<Buffer>][] = [
  ["PNG", () => noise.clone().png().toBuffer()],
  ["JPEG", () => noise.clone().jpeg().toBuffer()],
  ["progressive JPEG", () => noise.clone().jpeg({ progressive: true }).toBuffer()],
  [
    "JPEG with a thumbnail in it",
    async () => {
      const [whole, small] = await Promise.all(
        [noise.clone().jpeg(), noise.clone().resize(8, 8).jpeg()].map((image) => image.toBuffer()),
      );
      const length = Buffer.from([0xff, 0xe1, (small!.length + 2) >> 8, (small!.length + 2) & 255]);
      return Buffer.concat([whole!.subarray(0, 2), length, small!, whole!.subarray(2)]);
    },
  ],
  ["WebP", () => noise.clone().webp().toBuffer()],
];

describe.each(FILES)("a %s", (_, make) => {
  it("that ends early says so, wherever it was cut; a whole one is whole", async () => {
    const file = await make();
    expect(imageDamage(file)).toBeNull();
    // Behind the magic numbers, by which the format is known; PNG's last 4 bytes are a checksum nothing hangs on.
    fc.assert(
      fc.property(fc.integer({ min: 16, max: file.length - 1 }), (length) => {
        expect(imageDamage(file.subarray(0, length))).toBe(`the file ends early, after ${length} bytes`);
      }),
    );
  });

  it("is read or refused with a reason, whatever is damaged", async () => {
    const file = await make();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (changes) => {
          const damaged = Buffer.from(file);
          for (const [at, value] of changes) damaged[at] = value;
          await decodeStoredPixels(damaged).catch((error) => {
            expect(error).toBeInstanceOf(ImageError);
            expect(error.message).toMatch(/^\S.*\S$/);
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("many at once", () => {
  it("are each told their own reason", async () => {
    const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
    const png = await FILES[0]![1]();
    const cut = Array.from({ length: 16 }, (_, i) => png.subarray(0, 3000 + i));
    await Promise.all(cut.map((bytes, i) => writeFile(join(folder, `${i}.png`), bytes)));
    const reasons = await Promise.all(
      cut.map((_, i) => decodeStoredPixels(join(folder, `${i}.png`)).catch((error: Error) => error.message)),
    );
    expect(reasons).toEqual(cut.map(({ length }) => `the file ends early, after ${length} bytes`));
    await rm(folder, { recursive: true });
  });
});

it("tells a Git LFS pointer and an empty file", () => {
  expect(imageDamage(Buffer.from("version https://git-lfs.github.com/spec/v1\n"))).toMatch(/git lfs pull/);
  expect(imageDamage(new Uint8Array())).toBe("the file is empty");
  expect(imageDamage(Buffer.from("text"))).toBeNull();
});
