import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import {
  centreSquare,
  decodeImage,
  decodeStoredPixels,
  encodePng,
  type Image,
  ImageError,
} from "../../../harness/formats/image.ts";

const COLOUR = { r: 200, g: 60, b: 30 };
const GREY = { r: 117, g: 117, b: 117 };

/** A plain image of 40 × 24 pixels. */
function plain(alpha = 1, colour = COLOUR): Sharp {
  return sharp({
    create: { width: 40, height: 24, channels: alpha < 1 ? 4 : 3, background: { ...colour, alpha } },
  });
}

const pixel = ({ data, width }: Image, x = 20, y = 12) => [
  ...data.subarray((y * width + x) * 3).subarray(0, 3),
];

/** Three-channel pixels within `tolerance` of what they should be. */
function expectClose(found: readonly number[], wanted: readonly number[], tolerance: number): void {
  const worst = Math.max(...found.map((value, c) => Math.abs(value - wanted[c]!)));
  expect(worst, `${found} should be ${wanted}`).toBeLessThanOrEqual(tolerance);
}

describe("decodeImage", () => {
  const rgb = [200, 60, 30];
  const halfOnWhite = [227, 157, 142]; // (c·128 + 255·127)/255
  it.each<[string, Sharp, readonly number[], number]>([
    ["PNG", plain().png(), rgb, 0],
    ["JPEG", plain().jpeg({ quality: 100 }), rgb, 2],
    ["WebP", plain().webp({ lossless: true }), rgb, 0],
    ["palette PNG", plain().png({ palette: true }), rgb, 0],
    ["16-bit PNG", plain().toColourspace("rgb16").png(), rgb, 0],
    [
      "CMYK JPEG with a profile",
      plain().withIccProfile("cmyk").toColourspace("cmyk").jpeg({ quality: 100 }),
      rgb,
      12,
    ],
    ["Display P3 PNG", plain().withIccProfile("p3").png(), rgb, 1],
    ["grey JPEG", plain(1, GREY).toColourspace("b-w").jpeg({ quality: 100 }), [117, 117, 117], 0],
    ["grey PNG of one channel", plain(1, GREY).toColourspace("b-w").png(), [117, 117, 117], 0],
    ["16-bit grey PNG", plain(1, GREY).toColourspace("grey16").png(), [117, 117, 117], 0],
    ["half transparent PNG", plain(0.5).png(), halfOnWhite, 1],
    ["half transparent palette PNG", plain(0.5).png({ palette: true }), halfOnWhite, 1],
    ["half transparent 16-bit PNG", plain(0.5).toColourspace("rgb16").png(), halfOnWhite, 1],
    ["half transparent WebP", plain(0.5).webp({ lossless: true }), halfOnWhite, 1],
    ["fully transparent PNG", plain(0).png(), [255, 255, 255], 0],
  ])("gives correct RGB of a %s", async (_, file, wanted, tolerance) => {
    const image = await decodeImage(await file.toBuffer());
    expect([image.width, image.height, image.data.length]).toEqual([40, 24, 40 * 24 * 3]);
    expectClose(pixel(image), wanted, tolerance);
  });

  it("converts from the profile, where reading the stored numbers would be wrong", async () => {
    const file = await plain().withIccProfile("p3").png().toBuffer();
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect(Math.abs(stored[0]! - 200)).toBeGreaterThan(5);
  });

  // Values of the EXIF tag and where they put the file's first pixel in the upright image.
  it.each([
    [1, "top left"],
    [2, "top right"],
    [3, "bottom right"],
    [4, "bottom left"],
    [5, "top left"],
    [6, "top right"],
    [7, "bottom right"],
    [8, "bottom left"],
  ])("turns EXIF orientation %i upright: the first pixel is at the %s", async (orientation, corner) => {
    const white = Buffer.alloc(32 * 16 * 3, 255);
    for (let y = 0; y < 8; y++) white.fill(0, y * 32 * 3, (y * 32 + 8) * 3);
    const file = await sharp(white, { raw: { width: 32, height: 16, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const image = await decodeImage(file);
    expect([image.width, image.height]).toEqual(orientation < 5 ? [32, 16] : [16, 32]);
    const x = corner.endsWith("left") ? 0 : image.width - 1;
    const y = corner.startsWith("top") ? 0 : image.height - 1;
    expect(pixel(image, x, y)).toEqual([0, 0, 0]);
    expect(pixel(image, image.width - 1 - x, image.height - 1 - y)).toEqual([255, 255, 255]);
  });

  it("crops the centre of the upright image", async () => {
    // Red, green, blue bands of 20 × 60; stored lying, so that EXIF 6 makes them columns side by side.
    const lying = Buffer.alloc(20 * 60 * 3);
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 20; x++) lying[(y * 20 + x) * 3 + Math.floor(y / 20)] = 255;
    const file = await sharp(lying, { raw: { width: 20, height: 60, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const image = await decodeImage(file, 20);
    expect([image.width, image.height]).toEqual([20, 20]);
    expect(pixel(image, 10, 10)).toEqual([0, 255, 0]);
  });

  it("averages when it shrinks: a fine checkerboard becomes grey", async () => {
    const side = 256;
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const p = Math.floor(i / 3);
      return (p + Math.floor(p / side)) % 2 ? 255 : 0;
    });
    const file = await encodePng({ width: side, height: side, data });
    const small = await decodeImage(file, 32);
    for (let i = 0; i < small.data.length; i++) expect(Math.abs(small.data[i]! - 127.5)).toBeLessThan(3);
  });

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ["an empty file", async () => Buffer.alloc(0), /the file is empty/],
    ["text", async () => Buffer.from("no image at all"), /unsupported image format/],
    ["a GIF", () => plain().gif().toBuffer(), /its content is gif, not JPEG, PNG or WebP/],
    [
      "an SVG",
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /svg/,
    ],
    [
      "half a JPEG",
      async () => (await noise().jpeg().toBuffer()).subarray(0, 4000),
      /the file ends early, after 4000 bytes/,
    ],
    [
      "half a PNG",
      async () => (await noise().png().toBuffer()).subarray(0, 4000),
      /the file ends early, after 4000 bytes/,
    ],
    ["a PNG that claims 2^31 pixels", claimingHugeSize, /pixel limit/],
  ])("refuses %s with a reason", async (_, file, reason) => {
    const failure = await decodeImage(await file()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageError);
    expect((failure as ImageError).message).toMatch(reason);
  });
});

describe("decodeStoredPixels", () => {
  const rgb = [200, 60, 30];
  it.each<[string, Sharp, readonly number[]]>([
    ["PNG", plain().png(), rgb],
    ["palette PNG", plain().png({ palette: true }), rgb],
    ["half transparent PNG", plain(0.5).png(), rgb],
    ["fully transparent PNG", plain(0).png(), rgb],
    ["half transparent palette PNG", plain(0.5).png({ palette: true }), rgb],
    ["half transparent WebP", plain(0.5).webp({ lossless: true, exact: true }), rgb],
    ["grey PNG of one channel", plain(1, GREY).toColourspace("b-w").png(), [117, 117, 117]],
    ["half transparent grey PNG", plain(0.5, GREY).toColourspace("b-w").png(), [117, 117, 117]],
  ])("gives the stored RGB of a %s", async (_, file, wanted) => {
    const image = await decodeStoredPixels(await file.toBuffer());
    expect([image.width, image.height, image.data.length]).toEqual([40, 24, 40 * 24 * 3]);
    expect(pixel(image)).toEqual(wanted);
  });

  it("ignores the colour profile", async () => {
    const file = await plain().withIccProfile("p3").png().toBuffer();
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect(pixel(await decodeStoredPixels(file))).toEqual([...stored.subarray(0, 3)]);
    expect(pixel(await decodeImage(file))).not.toEqual(pixel(await decodeStoredPixels(file)));
  });

  it("does not turn what EXIF says is lying", async () => {
    const file = await plain().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { width, height } = await decodeStoredPixels(file);
    expect([width, height]).toEqual([40, 24]);
  });

  it("takes the upper 8 of 16 bits", async () => {
    const numbers = Uint16Array.from({ length: 40 * 24 * 3 }, (_, i) => (i * 7919) % 65536);
    const file = await sharp(numbers, { raw: { width: 40, height: 24, channels: 3 } })
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    const { data } = await decodeStoredPixels(file);
    expect(data).toEqual(Uint8Array.from(numbers, (value) => value >> 8));
  });

  it.each<[string, Sharp, RegExp]>([
    ["16-bit grey PNG", plain(1, GREY).toColourspace("grey16").png(), /16-bit grey/],
    ["GIF", plain().gif(), /gif, not JPEG/],
  ])("refuses a %s", async (_, file, reason) => {
    const failure = await decodeStoredPixels(await file.toBuffer()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageError);
    expect((failure as ImageError).message).toMatch(reason);
  });
});

function noise(): Sharp {
  return sharp({
    create: {
      width: 100,
      height: 100,
      channels: 3,
      background: "white",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  });
}

/** A PNG of one pixel whose header says 46,341 × 46,341. */
async function claimingHugeSize(): Promise<Uint8Array> {
  const png = await encodePng({ width: 1, height: 1, data: new Uint8Array(3) });
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  view.setUint32(16, 46_341);
  view.setUint32(20, 46_341);
  view.setUint32(29, crc32(png.subarray(12, 29)));
  return png;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe("centreSquare", () => {
  it("keeps an image that has the size already", async () => {
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => i);
    expect((await centreSquare({ width: 8, height: 8, data }, 8)).data).toEqual(data);
  });

  it("gives what decoding a file of the image gives", async () => {
    const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) >>> 4);
    const image = { width: 40, height: 30, data };
    expect(await centreSquare(image, 16)).toEqual(await decodeImage(await encodePng(image), 16));
  });
});

describe("encodePng", () => {
  it("loses nothing", async () => {
    const image = { width: 5, height: 3, data: Uint8Array.from({ length: 45 }, (_, i) => i * 5) };
    expect(await decodeImage(await encodePng(image))).toEqual(image);
  });
});
