/**
 * The augmented views of pre-training: random resized crop, flip, colour jitter, grey, blur, solarise
 * (MoCo v3's, arXiv:2104.02057). Each view draws from its own stream, so it is the same on any thread count.
 */
import type { Stream } from "../../../harness/random/index.ts";
import type { ChannelScale } from "./images.ts";

export interface ViewSettings {
  /** Least part of the image's area that a crop keeps. */
  readonly minScale: number;
  readonly jitter: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
  };
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
      for (let i = channel * area; i < (channel + 1) * area; i++) out[i] = (out[i]! - mean) / deviation;
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

/** The box, resized bilinearly (it never shrinks), as CHW in [0, 1]. */
function crop(image: Uint8Array, side: number, box: Box, flip: boolean, out: Float32Array): void {
  const area = side * side;
  for (let row = 0; row < side; row++) {
    const y = Math.min(box.height - 1, Math.max(0, ((row + 0.5) * box.height) / side - 0.5));
    const y0 = Math.floor(y);
    const down = y - y0;
    const upper = (box.top + y0) * side;
    const lower = (box.top + Math.min(box.height - 1, y0 + 1)) * side;
    for (let column = 0; column < side; column++) {
      const x = Math.min(box.width - 1, Math.max(0, ((column + 0.5) * box.width) / side - 0.5));
      const x0 = Math.floor(x);
      const right = x - x0;
      const near = box.left + x0;
      const far = box.left + Math.min(box.width - 1, x0 + 1);
      const to = row * side + (flip ? side - 1 - column : column);
      for (let channel = 0; channel < 3; channel++) {
        const top =
          image[(upper + near) * 3 + channel]! * (1 - right) + image[(upper + far) * 3 + channel]! * right;
        const bottom =
          image[(lower + near) * 3 + channel]! * (1 - right) + image[(lower + far) * 3 + channel]! * right;
        out[channel * area + to] = (top * (1 - down) + bottom * down) / 255;
      }
    }
  }
}

/** Brightness, contrast, saturation and hue, in a random order. */
function jitter(image: Float32Array, settings: ViewSettings["jitter"], random: Stream): void {
  const around = (strength: number): number => 1 + strength * (2 * random.uniform() - 1);
  for (const step of random.permutation(4)) {
    if (step === 0) scale(image, around(settings.brightness));
    else if (step === 1) contrast(image, around(settings.contrast));
    else if (step === 2) blendWithGrey(image, around(settings.saturation));
    else shiftHue(image, settings.hue * (2 * random.uniform() - 1));
  }
}

const limit = (value: number): number => Math.min(1, Math.max(0, value));

/** Luma of ITU-R BT.601. */
const luma = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

function scale(image: Float32Array, factor: number): void {
  for (let i = 0; i < image.length; i++) image[i] = limit(image[i]! * factor);
}

/** Away from (factor > 1) or towards the image's mean grey. */
function contrast(image: Float32Array, factor: number): void {
  const area = image.length / 3;
  let total = 0;
  for (let i = 0; i < area; i++) total += luma(image[i]!, image[area + i]!, image[2 * area + i]!);
  const mean = total / area;
  for (let i = 0; i < image.length; i++) image[i] = limit(mean + factor * (image[i]! - mean));
}

/** Each pixel away from (factor > 1) or towards its own grey; 0 makes it grey. */
function blendWithGrey(image: Float32Array, factor: number): void {
  const area = image.length / 3;
  for (let i = 0; i < area; i++) {
    const [red, green, blue] = [image[i]!, image[area + i]!, image[2 * area + i]!];
    const grey = luma(red, green, blue);
    image[i] = limit(grey + factor * (red - grey));
    image[area + i] = limit(grey + factor * (green - grey));
    image[2 * area + i] = limit(grey + factor * (blue - grey));
  }
}

/** Turns the hue by `turns` of the colour circle; value and saturation (HSV) stay. */
function shiftHue(image: Float32Array, turns: number): void {
  const area = image.length / 3;
  for (let i = 0; i < area; i++) {
    const [red, green, blue] = [image[i]!, image[area + i]!, image[2 * area + i]!];
    const high = Math.max(red, green, blue);
    const range = high - Math.min(red, green, blue);
    if (range === 0) continue;
    const sextant =
      high === red
        ? (green - blue) / range
        : high === green
          ? 2 + (blue - red) / range
          : 4 + (red - green) / range;
    const hue = sextant + 6 * turns + 12;
    image[i] = high - range * distanceFromPeak(hue + 5);
    image[area + i] = high - range * distanceFromPeak(hue + 3);
    image[2 * area + i] = high - range * distanceFromPeak(hue + 1);
  }
}

/** max(0, min(k, 4 − k, 1)), k = hue mod 6: how far a channel lies below the value, in ranges. */
function distanceFromPeak(hue: number): number {
  const k = hue - 6 * Math.floor(hue / 6);
  return Math.max(0, Math.min(k, 4 - k, 1));
}

/** Separable Gaussian of ±3σ, edges repeated. `rows` holds one channel. */
function blur(image: Float32Array, side: number, sigma: number, rows: Float32Array): void {
  const radius = Math.min(side - 1, Math.ceil(3 * sigma));
  const kernel = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const total = 2 * kernel.reduce((sum, weight) => sum + weight, 0) - kernel[0]!;
  const area = side * side;
  for (let channel = 0; channel < 3; channel++) {
    const plane = image.subarray(channel * area, (channel + 1) * area);
    convolve(plane, rows, side, 1, side, kernel, total);
    convolve(rows, plane, side, side, 1, kernel, total);
  }
}

/** Convolves each line of `side` elements `step` apart; lines begin `line` apart. */
function convolve(
  from: Float32Array,
  to: Float32Array,
  side: number,
  step: number,
  line: number,
  kernel: Float64Array,
  total: number,
): void {
  const last = side - 1;
  for (let index = 0; index < side; index++) {
    const start = index * line;
    for (let i = 0; i < side; i++) {
      let sum = kernel[0]! * from[start + i * step]!;
      for (let k = 1; k < kernel.length; k++) {
        const before = Math.max(0, i - k);
        const after = Math.min(last, i + k);
        sum += kernel[k]! * (from[start + before * step]! + from[start + after * step]!);
      }
      to[start + i * step] = sum / total;
    }
  }
}

/** Inverts what is brighter than one half. */
function solarise(image: Float32Array): void {
  for (let i = 0; i < image.length; i++) if (image[i]! >= 0.5) image[i] = 1 - image[i]!;
}
