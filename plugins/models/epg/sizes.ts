/** EPG's sizes: the paper's (arXiv 2510.12586), and small ones that train on a laptop. */
import { UserError } from "../../../harness/errors.ts";
import type { Task } from "../../../harness/plugin.ts";
import type { ProjectorShape } from "./layers.ts";
import type { NetworkShape } from "./network.ts";

interface Size {
  readonly published: boolean;
  /** Pixels, or for small sizes patches a side, so that any resolution costs the same. */
  readonly patch: { readonly pixels: number } | { readonly perSide: number };
  readonly encoder: Half;
  readonly decoder: Half;
  readonly projector: ProjectorShape;
}

interface Half {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
}

const half = (depth: number, width: number, heads: number): Half => ({ depth, width, heads });

const published = (pixels: number, encoder: Half, decoder: Half): Size => ({
  published: true,
  patch: { pixels },
  encoder,
  decoder,
  projector: { layers: 3, hidden: 4096, out: 256 },
});

const small = (perSide: number, depth: number, width: number, hidden: number, out: number): Size => ({
  published: false,
  patch: { perSide },
  encoder: half(depth, width, width / 64),
  decoder: half(depth, width, width / 64),
  projector: { layers: 3, hidden, out },
});

export const SIZES = {
  tiny: small(8, 2, 128, 256, 64),
  small: small(8, 4, 256, 512, 128),
  base: small(16, 6, 384, 1024, 256),
  "L/16": published(16, half(16, 1024, 16), half(16, 1024, 16)),
  "XL/16": published(16, half(12, 768, 12), half(12, 1584, 22)),
  "XXL/16": published(16, half(12, 768, 12), half(12, 1920, 16)),
  "G/16": published(16, half(12, 768, 12), half(12, 2688, 21)),
  "L/32": published(32, half(16, 1024, 16), half(16, 1024, 16)),
} as const satisfies Readonly<Record<string, Size>>;

export type SizeName = keyof typeof SIZES;

export const sizeNames = Object.keys(SIZES) as [SizeName, ...SizeName[]];

export const isPublished = (name: SizeName): boolean => SIZES[name].published;

/** Amplitude of the sines and cosines that the small sizes' `pos_embed` starts from. */
const POSITION_AMPLITUDE = 1;
/** Spread of the small sizes' `class_embed`: enough to be seen beside the time embedding from the first step. */
const CLASS_DEVIATION = 0.5;

/** The network of a size for a task. Throws where the patch does not divide the resolution. */
export function networkShape(name: SizeName, { resolution, classes }: Task): NetworkShape {
  const size: Size = SIZES[name];
  const divisor = "pixels" in size.patch ? size.patch.pixels : size.patch.perSide;
  if (resolution % divisor !== 0)
    throw new UserError(
      `resolution ${resolution} is not a multiple of ${divisor}, which epg size ${JSON.stringify(name)} cuts images by`,
      `use resolution ${Math.max(1, Math.round(resolution / divisor)) * divisor}, or another size`,
    );
  return {
    resolution,
    patch: "pixels" in size.patch ? divisor : resolution / divisor,
    width: size.encoder.width,
    depth: size.encoder.depth,
    heads: size.encoder.heads,
    decoderWidth: size.decoder.width,
    decoderDepth: size.decoder.depth,
    decoderHeads: size.decoder.heads,
    classes,
    tokens: 1,
    positionAmplitude: size.published ? null : POSITION_AMPLITUDE,
    classDeviation: size.published ? 0.02 : CLASS_DEVIATION,
  };
}

export const projectorShape = (name: SizeName): ProjectorShape => SIZES[name].projector;
