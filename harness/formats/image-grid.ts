/** Grids of small images for reports: sample grids, and film strips (a row a frame). */
import { encodePng, type Image } from "./image.ts";

/** Images smaller than this are enlarged by a whole factor, pixel by pixel, so that nothing is smoothed. */
const MIN_SIDE = 64;

/** The images of a batch, uint8 RGB [n, height, width, 3]; views, not copies. */
export function unstack(batch: Uint8Array, width: number, height: number): Image[] {
  const bytes = width * height * 3;
  const n = batch.length / bytes;
  if (!Number.isInteger(n)) throw new RangeError(`${batch.length} bytes are no images of ${width}×${height}`);
  return Array.from({ length: n }, (_, i) => ({
    width,
    height,
    data: batch.subarray(i * bytes, (i + 1) * bytes),
  }));
}

/**
 * Images of one size in rows of `columns`, `pad` white pixels between and around them. Where the images
 * are under 64 pixels wide they are enlarged by the smallest whole factor that makes them at least that.
 */
export function composeGrid(images: readonly Image[], columns: number, pad = 4): Image {
  const first = images[0];
  if (!first) throw new RangeError("a grid of no images");
  const factor = Math.max(1, Math.ceil(MIN_SIDE / Math.max(first.width, first.height)));
  const cellWidth = first.width * factor + pad;
  const cellHeight = first.height * factor + pad;
  const width = Math.min(columns, images.length) * cellWidth + pad;
  const height = Math.ceil(images.length / columns) * cellHeight + pad;
  const data = new Uint8Array(width * height * 3).fill(255);
  for (const [i, image] of images.entries()) {
    if (image.width !== first.width || image.height !== first.height)
      throw new RangeError(
        `image ${i} is ${image.width}×${image.height}, not ${first.width}×${first.height}`,
      );
    const left = pad + (i % columns) * cellWidth;
    const top = pad + Math.floor(i / columns) * cellHeight;
    draw(image, factor, data, width, left, top);
  }
  return { width, height, data };
}

/** `composeGrid` as a PNG file's bytes. */
export function grid(images: readonly Image[], columns: number, pad?: number): Promise<Uint8Array> {
  return encodePng(composeGrid(images, columns, pad));
}

/** Copies an image enlarged by a whole factor to (left, top) of a canvas. */
function draw(
  image: Image,
  factor: number,
  canvas: Uint8Array,
  canvasWidth: number,
  left: number,
  top: number,
): void {
  const width = image.width * factor;
  for (let y = 0; y < image.height * factor; y++) {
    const source = Math.floor(y / factor) * image.width;
    const target = (top + y) * canvasWidth + left;
    for (let x = 0; x < width; x++) {
      const from = (source + Math.floor(x / factor)) * 3;
      const to = (target + x) * 3;
      canvas[to] = image.data[from]!;
      canvas[to + 1] = image.data[from + 1]!;
      canvas[to + 2] = image.data[from + 2]!;
    }
  }
}
