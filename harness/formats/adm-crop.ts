/** From images of any sizes to the squares that ADM's models are trained on and its reference files are of. */
import type { Image } from "./image.ts";
import { pillowResize } from "./pillow-resize.ts";

/**
 * The centre square at `side`² pixels: halved by boxes as long as the shorter side is at least twice as long,
 * then scaled by Pillow's bicubic so that the shorter side fits, then cropped. To the bit what guided-diffusion's
 * `center_crop_arr` (guided_diffusion/image_datasets.py) makes of the same pixels.
 */
export function admCentreCrop(image: Image, side: number): Image {
  let scaled = image;
  while (Math.min(scaled.width, scaled.height) >= 2 * side)
    scaled = pillowResize(scaled, Math.floor(scaled.width / 2), Math.floor(scaled.height / 2), "box");
  const scale = side / Math.min(scaled.width, scaled.height);
  const [width, height] = [roundHalfToEven(scaled.width * scale), roundHalfToEven(scaled.height * scale)];
  return cropped(pillowResize(scaled, width, height, "bicubic"), side);
}

/** Python's `round`. */
function roundHalfToEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

function cropped({ data, width, height }: Image, side: number): Image {
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const start = ((top + y) * width + left) * 3;
    out.set(data.subarray(start, start + side * 3), y * side * 3);
  }
  return { data: out, width: side, height: side };
}
