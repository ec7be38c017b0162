/** From images of any sizes to what a network takes: resized, and scaled. */
import type { Image } from "../../../harness/formats/image.ts";
import { nvidiaBilinear, pytorchBilinear, tensorflowBilinear } from "./bilinear.ts";
import { pilBicubic } from "./pil-bicubic.ts";

/** How pixels become a network's input: plain data, so that it can be sent to a thread and hashed. */
export interface Preparation {
  readonly resize: ResizeName;
  /** White as the resize sees it. */
  readonly levels: 255 | 1;
  /** Numbers of 0 … 255 are clipped to that after the resize, and divided by 255. */
  readonly toUnit?: true;
  /** Last, each number x becomes (x − subtract)/divide, float32 at every step. */
  readonly subtract: number;
  readonly divide: number;
}

/**
 * Resizes to size × size, the aspect ratio not kept. `out` is planar [3, size, size]; `levels` are the
 * numbers that stand for the pixels 0 … 255.
 */
type Resize = (image: Image, size: number, out: Float32Array, levels: Float32Array) => void;

const RESIZES = {
  /** clean-fid: Pillow's antialiased bicubic of float channels. */
  "pil-bicubic": pilBicubic,
  "tensorflow-bilinear": tensorflowBilinear,
  "pytorch-bilinear": pytorchBilinear,
  "nvidia-bilinear": nvidiaBilinear,
} satisfies Readonly<Record<string, Resize>>;

type ResizeName = keyof typeof RESIZES;

const LEVELS = {
  255: Float32Array.from({ length: 256 }, (_, i) => i),
  1: Float32Array.from({ length: 256 }, (_, i) => i / 255),
};

/**
 * @returns planar float32 [n, 3, size, size]
 * @throws RangeError where an image's bytes are not its shape
 */
export function prepare(images: readonly Image[], size: number, preparation: Preparation): Float32Array {
  const resize: Resize = RESIZES[preparation.resize];
  const numbers = 3 * size * size;
  const out = new Float32Array(images.length * numbers);
  images.forEach((image, i) => {
    const { data, width, height } = image;
    if (data.length !== width * height * 3)
      throw new RangeError(`${data.length} bytes are not [${height}, ${width}, 3]`);
    const target = out.subarray(i * numbers, (i + 1) * numbers);
    resize(image, size, target, LEVELS[preparation.levels]);
    rescale(target, preparation);
  });
  return out;
}

function rescale(numbers: Float32Array, { toUnit, subtract, divide }: Preparation): void {
  if (toUnit)
    for (let i = 0; i < numbers.length; i++) numbers[i] = Math.min(255, Math.max(0, numbers[i]!)) / 255;
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.fround(numbers[i]! - subtract) / divide;
}
