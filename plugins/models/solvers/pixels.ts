/** Normalised images of sampling networks, NCHW: kept in range, and written as bytes. */
import type { Pixels } from "./solver.ts";

/** normalised = (value − mean)/deviation of values 0 to 1, a channel. */
export interface ChannelScale {
  readonly mean: number;
  readonly deviation: number;
}

type Range = readonly [low: number, high: number];

/** What 0 and 1 become in each channel. */
export const channelRanges = (scales: readonly ChannelScale[]): readonly Range[] =>
  scales.map(({ mean, deviation }) => [-mean / deviation, (1 - mean) / deviation]);

/** Clamps every channel, in place. @param area numbers of a plane */
export function limit(images: Pixels, area: number, bounds: readonly Range[]): void {
  for (let start = 0; start < images.length; start += area) {
    const [low, high] = bounds[(start / area) % 3]!;
    for (let i = start; i < start + area; i++) {
      const value = images[i]!;
      if (value > high) images[i] = high;
      else if (value < low) images[i] = low;
    }
  }
}

/** To uint8 NHWC: trunc(255·value + .5), as EPG's released code has it, saturating. */
export function toUint8(images: Pixels, side: number, scales: readonly ChannelScale[]): Uint8Array {
  const area = side * side;
  const out = new Uint8Array(images.length);
  for (let plane = 0; plane * area < images.length; plane++) {
    const channel = plane % 3;
    const { mean, deviation } = scales[channel]!;
    const first = (plane - channel) * area + channel;
    for (let i = 0; i < area; i++) {
      const value = Math.trunc((images[plane * area + i]! * deviation + mean) * 255 + 0.5);
      out[first + 3 * i] = Math.min(255, Math.max(0, value));
    }
  }
  return out;
}
