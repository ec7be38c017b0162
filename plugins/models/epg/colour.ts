/** Changes of colour, in place, on CHW images in [0, 1] (torchvision's definitions). */
import type { Stream } from "../../../harness/random/index.ts";

export interface Jitter {
  readonly probability: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/** Brightness, contrast, saturation and hue, in a random order. */
export function jitter(image: Float32Array, settings: Jitter, random: Stream): void {
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
export function blendWithGrey(image: Float32Array, factor: number): void {
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

/** Inverts what is brighter than one half. */
export function solarise(image: Float32Array): void {
  for (let i = 0; i < image.length; i++) if (image[i]! >= 0.5) image[i] = 1 - image[i]!;
}
