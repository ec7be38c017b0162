/** EPG's sizes: the paper's (arXiv 2510.12586), and small ones that train on a laptop. */
import { UserError } from "../../../harness/errors.ts";
import type { Task } from "../../../harness/plugin.ts";
import type { ProjectorShape } from "./layers.ts";
import type { NetworkShape } from "./network.ts";

interface Size {
  readonly published: boolean;
  /** Pixels, or for small sizes patches a side, so that any resolution costs the same once patches have LEAST_PATCH pixels. */
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
  tiny: small(8, 2, 192, 256, 64),
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

/** Small sizes' patches have at least so many pixels a side: of 4 at 32 px, equal FLOPs left shapes in pieces. */
const LEAST_PATCH = 8;

/** Amplitude of the sines and cosines that the small sizes' `pos_embed` starts from. */
const POSITION_AMPLITUDE = 1;
/** Spread of the small sizes' `class_embed`: enough to be seen beside the time embedding from the first step. */
const CLASS_DEVIATION = 0.5;

/** How images are cut: the side of a patch in pixels, and what an image's side must be a multiple of. */
function cutOf({ patch }: Size, resolution: number): { readonly patch: number; readonly divisor: number } {
  const least = "pixels" in patch ? patch.pixels : LEAST_PATCH;
  if ("pixels" in patch || resolution < least * patch.perSide) return { patch: least, divisor: least };
  return { patch: resolution / patch.perSide, divisor: patch.perSide };
}

/** Whether a size's patches fill an image. */
export const cuts = (name: SizeName, resolution: number): boolean =>
  resolution % cutOf(SIZES[name], resolution).divisor === 0;

/** The network of a size for a task. Throws where the patch does not divide the resolution. */
export function networkShape(name: SizeName, { resolution, classes }: Task): NetworkShape {
  const size: Size = SIZES[name];
  const { patch, divisor } = cutOf(size, resolution);
  if (!cuts(name, resolution))
    throw new UserError(
      `resolution ${resolution} is not a multiple of ${divisor}, which epg size ${JSON.stringify(name)} cuts images by`,
      `use resolution ${Math.max(1, Math.round(resolution / divisor)) * divisor}, or another size`,
    );
  return {
    resolution,
    patch,
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
