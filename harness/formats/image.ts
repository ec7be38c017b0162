/** Images in and out of files: JPEG, PNG and WebP in, PNG out. Decoding runs on sharp's own threads. */
import sharp, { type Metadata, type Sharp } from "sharp";

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

const FORMATS = new Set(["jpeg", "png", "webp"]);

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
  return withReason(async () => {
    const image = sharp(source, { ...LIMITS, autoOrient: true });
    await requireKnown(image);
    return pixels((side === undefined ? image : square(image, side)).flatten({ background: "#ffffff" }));
  });
}

/**
 * Decodes a file to the RGB numbers it stores, as the evaluation tools' `Image.open(file).convert("RGB")`
 * does: not turned, its colour profile ignored, grey repeated, alpha dropped and not blended, of 16 bits the
 * upper 8. PNG pixels are Pillow's to the bit, JPEG those of libjpeg-turbo.
 *
 * @param source a path or a file's bytes
 * @throws ImageError also for CMYK and for 16-bit grey, of which Pillow's versions make different pixels
 */
export function decodeStoredPixels(source: string | Uint8Array): Promise<Image> {
  return withReason(async () => {
    const image = sharp(source, { ...LIMITS, ignoreIcc: true });
    const { space, depth, channels } = await requireKnown(image);
    if (space === "cmyk") throw new ImageError("it is CMYK, and the evaluation tools want RGB: convert it");
    if (depth === "ushort" && channels < 3)
      throw new ImageError(
        "it is 16-bit grey, which the evaluation tools read differently: convert it to 8 bits",
      );
    return pixels(image.removeAlpha());
  });
}

const LIMITS = { failOn: "error", limitInputPixels: MAX_PIXELS } as const;

async function requireKnown(image: Sharp): Promise<Metadata> {
  const metadata = await image.metadata();
  if (!FORMATS.has(metadata.format))
    throw new ImageError(`its content is ${metadata.format}, not JPEG, PNG or WebP`);
  return metadata;
}

/** The library's failures as ours, on one line. */
async function withReason(decode: () => Promise<Image>): Promise<Image> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(reason.trim().replaceAll(/\s*\n\s*/g, "; "), { cause: error });
  }
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
