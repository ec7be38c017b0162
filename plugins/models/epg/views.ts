/**
 * The augmented views of pre-training: random resized crop, flip, colour jitter, grey, blur, solarise
 * (MoCo v3's, arXiv:2104.02057). Each view draws from its own stream, so it is the same on any thread count.
 */
import type { Stream } from "../../../harness/random/index.ts";
import type { ChannelScale } from "../solvers/pixels.ts";
import { blur } from "./blur.ts";
import { blendWithGrey, type Jitter, jitter, solarise } from "./colour.ts";

export interface ViewSettings {
  /** Least part of the image's area that a crop keeps. */
  readonly minScale: number;
  readonly jitter: Jitter;
  readonly grey: number;
  readonly blur: number;
  readonly solarise: number;
}

const JITTER = { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 };

export const FIRST_VIEW: ViewSettings = { minScale: 0.08, jitter: JITTER, grey: 0.2, blur: 1, solarise: 0 };
export const SECOND_VIEW: ViewSettings = { ...FIRST_VIEW, blur: 0.1, solarise: 0.2 };

const BLUR_SIGMA = [0.1, 2] as const;

/** Makes views of images of one side; holds the buffers between calls. */
export class ViewMaker {
  readonly #side: number;
  readonly #scales: readonly ChannelScale[];
  readonly #rows: Float32Array;

  constructor(side: number, scales: readonly ChannelScale[]) {
    this.#side = side;
    this.#scales = scales;
    this.#rows = new Float32Array(side * side);
  }

  /** Writes a view of `image` (uint8 HWC) as normalised CHW. */
  write(image: Uint8Array, settings: ViewSettings, random: Stream, out: Float32Array): void {
    const side = this.#side;
    const box = cropBox(side, settings.minScale, random);
    crop(image, side, box, random.uniform() < 0.5, out);
    if (random.uniform() < settings.jitter.probability) jitter(out, settings.jitter, random);
    if (random.uniform() < settings.grey) blendWithGrey(out, 0);
    if (random.uniform() < settings.blur) {
      const [low, high] = BLUR_SIGMA;
      blur(out, side, low + (high - low) * random.uniform(), this.#rows);
    }
    if (random.uniform() < settings.solarise) solarise(out);
    const area = side * side;
    for (let channel = 0; channel < 3; channel++) {
      const { mean, deviation } = this.#scales[channel]!;
      const gain = 1 / deviation;
      for (let i = channel * area; i < (channel + 1) * area; i++) out[i] = (out[i]! - mean) * gain;
    }
  }
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A box of random area and aspect ratio 3/4 … 4/3 (as torchvision's RandomResizedCrop); the whole image where ten tries do not fit. */
function cropBox(side: number, minScale: number, random: Stream): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = side * side * (minScale + (1 - minScale) * random.uniform());
    const ratio = (4 / 3) ** (2 * random.uniform() - 1);
    const width = Math.round(Math.sqrt(area * ratio));
    const height = Math.round(Math.sqrt(area / ratio));
    if (width < 1 || height < 1 || width > side || height > side) continue;
    const top = random.integer(side - height + 1);
    return { top, left: random.integer(side - width + 1), height, width };
  }
  return { top: 0, left: 0, height: side, width: side };
}

/** Where each output coordinate of a resized span looks: its two nearest pixels (as offsets) and the second's weight. */
interface Taps {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly weight: Float64Array;
}

function bilinearTaps(side: number, start: number, length: number, stride: number): Taps {
  const near = new Int32Array(side);
  const far = new Int32Array(side);
  const weight = new Float64Array(side);
  for (let i = 0; i < side; i++) {
    const position = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / side - 0.5));
    const below = Math.floor(position);
    near[i] = (start + below) * stride;
    far[i] = (start + Math.min(length - 1, below + 1)) * stride;
    weight[i] = position - below;
  }
  return { near, far, weight };
}

/** The box, resized bilinearly (it never shrinks), as CHW in [0, 1]. */
function crop(image: Uint8Array, side: number, box: Box, flip: boolean, out: Float32Array): void {
  const area = side * side;
  const rows = bilinearTaps(side, box.top, box.height, 3 * side);
  const columns = bilinearTaps(side, box.left, box.width, 3);
  for (let row = 0; row < side; row++) {
    const upper = rows.near[row]!;
    const lower = rows.far[row]!;
    const down = rows.weight[row]!;
    for (let column = 0; column < side; column++) {
      const near = columns.near[column]!;
      const far = columns.far[column]!;
      const right = columns.weight[column]!;
      const lowerRight = (down * right) / 255;
      const lowerLeft = down / 255 - lowerRight;
      const upperRight = right / 255 - lowerRight;
      const upperLeft = (1 - down) / 255 - upperRight;
      let to = row * side + (flip ? side - 1 - column : column);
      for (let channel = 0; channel < 3; channel++, to += area)
        out[to] =
          image[upper + near + channel]! * upperLeft +
          image[upper + far + channel]! * upperRight +
          image[lower + near + channel]! * lowerLeft +
          image[lower + far + channel]! * lowerRight;
    }
  }
}
