import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admCentreCrop } from "../../../harness/formats/adm-crop.ts";
import type { Image } from "../../../harness/formats/image.ts";

/** I[y,x,c] = (7x + 13y + 29c + xy) mod 256. */
function synthetic(height: number, width: number): Image {
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = (7 * x + 13 * y + 29 * c + x * y) % 256;
  return { data, height, width };
}

describe("admCentreCrop", () => {
  // sha256 of what guided-diffusion's center_crop_arr makes of them under Pillow 12.3.0.
  it.each([
    [375, 500, 256, "e44aa45c8e77946b528b4ea4344c484615f4fe95457cc783b7294a22d9616aab"],
    [500, 375, 64, "c1c50dfd3f39b6549537f085f6d720894620483ab92516bf2f8ee0304c5064d2"],
    [64, 64, 64, "38a70f77a0d0b49dee2662e95579524bf69e04f81ba40cf1c767f98a50f09426"],
    [33, 47, 32, "700a533a6c9e94072e6b5da40117094893b0c5dd330af7a37d75e4e002ae436d"],
    [20, 31, 64, "aa7a67a69ca14bb822eb10fbf66cdd3ba8f3c8809912f773568d95faead72e77"],
    [1000, 1501, 128, "2952c0c2f564155a9156a16c4ff4c389d469595f9579e5b47c73e49b8594d492"],
    [257, 513, 256, "1ff609ba187bb532e434127245377680273258a1942f27f43bd493d81ea0b549"],
    [130, 65, 8, "6b078a795b6d7e03baad8c83978d60a870c090fbc1b077484b68f166f7fa8d4b"],
    [101, 300, 50, "2add96b81a25ddb2e63cc71718ac12df2b737e58f1a5bf7ae1ad0c37cefdcb2b"],
    [7, 5, 2, "e3260120a185a8fa9bc7d2397fad84fbce82e781c6ea28eb799bd990afe00752"],
    [96, 131, 64, "27b2958f347cb3d034f2943b2dc6bfd2a03eb4478491feb855aa9fc8c451c836"],
    [512, 512, 256, "bf24def5ac1dc437224e314c0ad614c4ac0e7a8c45aabdbb090cd186475b2d00"],
  ])("makes of %ix%i, at %i px, Pillow's pixels to the bit", (height, width, side, sha256) => {
    const { data } = admCentreCrop(synthetic(height, width), side);
    expect(data).toHaveLength(side * side * 3);
    expect(createHash("sha256").update(data).digest("hex")).toBe(sha256);
  });

  it("keeps an image of one colour, whatever the sizes", () => {
    const sides = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 40 }), (height, width, side) => {
        const data = new Uint8Array(height * width * 3).fill(93);
        const crop = admCentreCrop({ data, height, width }, side);
        expect([crop.width, crop.height]).toEqual([side, side]);
        expect(crop.data.every((value) => value === 93)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("leaves a square of that size as it is", () => {
    const image = synthetic(16, 16);
    expect(admCentreCrop(image, 16).data).toEqual(image.data);
  });
});
