/** Images between uint8 NHWC and the normalised float NCHW of networks. */

export type Normalisation = "imagenet" | "simple";

/** normalised = (value/255 − mean)/deviation, a channel. "imagenet" as EPG has it: twice the usual deviations. */
const CONSTANTS: Readonly<
  Record<Normalisation, { readonly mean: readonly number[]; readonly deviation: readonly number[] }>
> = {
  imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.458, 0.448, 0.45] },
  simple: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
};

export interface ChannelScale {
  readonly mean: number;
  readonly deviation: number;
}

export const channelScales = (normalisation: Normalisation): readonly ChannelScale[] =>
  CONSTANTS[normalisation].mean.map((mean, channel) => ({
    mean,
    deviation: CONSTANTS[normalisation].deviation[channel]!,
  }));

/** What 0 and 1 become in each channel. */
export const channelRanges = (normalisation: Normalisation): readonly (readonly [number, number])[] =>
  channelScales(normalisation).map(({ mean, deviation }) => [-mean / deviation, (1 - mean) / deviation]);

/**
 * Writes one image, uint8 HWC, as normalised CHW.
 * @param flip mirrors it left to right
 */
export function normalise(
  image: Uint8Array,
  side: number,
  scales: readonly ChannelScale[],
  flip: boolean,
  out: Float32Array,
): void {
  const area = side * side;
  for (let channel = 0; channel < 3; channel++) {
    const { mean, deviation } = scales[channel]!;
    const [gain, offset] = [1 / (255 * deviation), -mean / deviation];
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const from = flip ? side - 1 - column : column;
        out[channel * area + row * side + column] = image[(row * side + from) * 3 + channel]! * gain + offset;
      }
  }
}

/** Normalised NCHW → uint8 NHWC: trunc(255·x + .5), as released, saturating. */
export function toUint8(
  images: Float32Array | Float64Array,
  side: number,
  normalisation: Normalisation,
): Uint8Array {
  const area = side * side;
  const out = new Uint8Array(images.length);
  const scales = channelScales(normalisation);
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
