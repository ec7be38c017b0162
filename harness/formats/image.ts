/** Images in and out of files: JPEG, PNG and WebP in, PNG out. Decoding runs on sharp's own threads. */
import { readFile, stat } from "node:fs/promises";
import sharp, { type Metadata, type Sharp } from "sharp";
import { imageDamage } from "./image-damage.ts";

/** uint8 RGB, [height, width, 3]. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Views of the images of a batch, uint8 [n, height, width, 3]. */
export function imageViews(
  data: Uint8Array,
  { n, height, width }: { n: number; height: number; width: number },
): Image[] {
  const bytes = height * width * 3;
  if (data.length !== n * bytes)
    throw new RangeError(`${data.length} bytes are not [${n}, ${height}, ${width}, 3]`);
  return Array.from({ length: n }, (_, i) => ({
    data: data.subarray(i * bytes, (i + 1) * bytes),
    width,
    height,
  }));
}

/** An image whose pixels cannot be had; the message says why, without the file's name. */
export class ImageError extends Error {
  override name = "ImageError";
}

/** 2²⁷ pixels: a decoded image takes at most 403 MB. */
const MAX_PIXELS = 2 ** 27;

const FORMATS = ["jpeg", "png", "webp"] as const;

/** Names the bytes → pixels mapping below in cache keys; raise it when a pixel of any image may change. */
export const DECODER_VERSION = `1 sharp ${sharp.versions.sharp} vips ${sharp.versions.vips}`;

/**
 * Decodes a JPEG, PNG or WebP file to 8-bit sRGB: turned upright by its EXIF orientation, converted from
 * its colour profile (CMYK, Display P3, …), grey repeated on the three channels, 16 bits reduced to 8,
 * transparent pixels composited on white. Of an animation, the first frame.
 *
 * With `side`, the centre square at `side`² pixels: scaled so that the shorter side fits, then cropped,
 * ADM's order (guided-diffusion, `center_crop_arr`). The scaling is libvips's: an integer box shrink where
 * the factor is large, then an antialiased Catmull–Rom cubic; ADM's is box halvings, then Pillow's
 * bicubic, the same kernel. The file format's own coarse shrinking is off.
 *
 * @param source a path or a file's bytes
 * @throws ImageError for damaged, truncated, foreign and oversized (over 2²⁷ pixels) images
 */
export function decodeImage(source: string | Uint8Array, side?: number): Promise<Image> {
  return withReason(source, async () => {
    const image = sharp(source, { ...LIMITS, autoOrient: true });
    await requireKnown(image);
    return pixels((side === undefined ? image : square(image, side)).flatten({ background: "#ffffff" }));
  });
}

/**
 * Decodes a file to the RGB numbers it stores, as the evaluation tools' `Image.open(file).convert("RGB")`
 * does: not turned, its colour profile ignored, grey repeated, palettes expanded, alpha dropped and not
 * blended, of 16 bits the upper 8, CMYK by Pillow's formula, of an animation the first frame. The pixels are
 * Pillow 12's to the bit, JPEG's among them (docs/jpeg.md).
 *
 * @param source a path or a file's bytes
 * @throws ImageError also for 16-bit grey, of which Pillow clips what is above 255
 */
export function decodeStoredPixels(source: string | Uint8Array): Promise<Image> {
  return withReason(source, async () => {
    const image = sharp(source, { ...LIMITS, ignoreIcc: true });
    const { space, depth, channels } = await requireKnown(image);
    if (space === "cmyk") return rgbOfCmyk(image);
    if (depth === "ushort" && channels < 3)
      throw new ImageError(
        "it is 16-bit grey, whose values the evaluation tools clip at 255: convert it to 8 bits",
      );
    return pixels(image.removeAlpha());
  });
}

export interface ImageHeader {
  readonly format: (typeof FORMATS)[number];
  /** As stored: EXIF turns nothing. */
  readonly width: number;
  readonly height: number;
}

/**
 * What a file's header says of its image; no pixel is decoded.
 * @throws ImageError
 */
export function readImageHeader(source: string | Uint8Array): Promise<ImageHeader> {
  return withReason(source, async () => {
    const { format, width, height } = await requireKnown(sharp(source, LIMITS));
    return { format, width, height };
  });
}

/** (255 − ink)(255 − black)/255, rounded: `cmyk2rgb` of Pillow's Convert.c. */
async function rgbOfCmyk(image: Sharp): Promise<Image> {
  const { data, info } = await image
    .pipelineColourspace("cmyk")
    .toColourspace("cmyk")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let i = 0, at = 0; at < data.length; at += 4) {
    const white = 255 - data[at + 3]!;
    for (let c = 0; c < 3; c++) rgb[i++] = Math.round(((255 - data[at + c]!) * white) / 255);
  }
  return { width: info.width, height: info.height, data: rgb };
}

const LIMITS = { failOn: "error", limitInputPixels: MAX_PIXELS } as const;

async function requireKnown(image: Sharp): Promise<Metadata & Pick<ImageHeader, "format">> {
  const metadata = await image.metadata();
  const format = FORMATS.find((known) => known === metadata.format);
  if (!format) throw new ImageError(`its content is ${metadata.format}, not JPEG, PNG or WebP`);
  return { ...metadata, format };
}

/** The library's failures as ours, on one line, behind what the bytes themselves tell. */
async function withReason<T>(source: string | Uint8Array, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const bytes = typeof source === "string" ? await smallFile(source) : source;
    const told = error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, "; ") : String(error);
    const reason = /^(unknown error)?$/i.test(told) ? "its data are damaged" : told;
    throw new ImageError((bytes && imageDamage(bytes)) ?? reason, { cause: error });
  }
}

/** Larger files are not looked into for what is wrong with them. */
const MAX_EXAMINED_BYTES = 2 ** 28;

async function smallFile(path: string): Promise<Uint8Array | null> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() && found.size <= MAX_EXAMINED_BYTES ? readFile(path).catch(() => null) : null;
}

/** An RGB image's centre square at `side`² pixels, scaled and cropped as `decodeImage` does it. */
export function centreSquare(image: Image, side: number): Promise<Image> {
  return pixels(square(raw(image), side));
}

/** An RGB image as a PNG file's bytes. */
export function encodePng(image: Image): Promise<Uint8Array> {
  return raw(image).png().toBuffer();
}

function raw({ width, height, data }: Image): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function square(image: Sharp, side: number): Sharp {
  return image.resize(side, side, {
    fit: "cover",
    position: "centre",
    kernel: "cubic",
    fastShrinkOnLoad: false,
  });
}

async function pixels(image: Sharp): Promise<Image> {
  const { data, info } = await image
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new ImageError(`it decodes to ${info.channels} channels, not 3`);
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}
