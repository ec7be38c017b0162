/** Images from uint8 NHWC to the normalised float NCHW of networks. */
import type { ChannelScale } from "../solvers/pixels.ts";

export type Normalisation = "imagenet" | "simple";

/** normalised = (value/255 − mean)/deviation, a channel. "imagenet" as EPG has it: twice the usual deviations. */
const CONSTANTS: Readonly<
  Record<Normalisation, { readonly mean: readonly number[]; readonly deviation: readonly number[] }>
> = {
  imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.458, 0.448, 0.45] },
  simple: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
};

export const channelScales = (normalisation: Normalisation): readonly ChannelScale[] =>
  CONSTANTS[normalisation].mean.map((mean, channel) => ({
    mean,
    deviation: CONSTANTS[normalisation].deviation[channel]!,
  }));

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
