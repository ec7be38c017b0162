/** Which EPG a file of tensors holds, by names and shapes alone. */
import { type Differences, numbersIn, type Shapes } from "../../../harness/formats/state-dict.ts";
import type { NamedShapes, RecognisedPart } from "../../../harness/plugin.ts";
import { shapesOf } from "../../../harness/weights/weights-file.ts";
import { type EpgPart, encoderStates, epgParts, networkStates, partDifferences } from "./checkpoint.ts";
import type { ProjectorShape } from "./layers.ts";
import type { NetworkShape } from "./network.ts";
import { cuts, networkShape, projectorShape, SIZES, type SizeName } from "./sizes.ts";

export const recognise = (file: NamedShapes): readonly RecognisedPart[] =>
  epgParts(file).map((part) => ({
    family: part.kind === "encoder" ? "EPG, pre-trained encoder with projector" : "EPG",
    role: part.role,
    prefix: part.prefix,
    parameters: numbersIn(part.shapes),
    ...sized(part),
  }));

/** Its size, and how its names and shapes differ from all that this size has. */
function sized(part: EpgPart): Differences & { readonly size: string } {
  const shape = shapeIn(part.shapes);
  if (!shape) return { size: "of no known form", missing: [], surplus: [], misshapen: [] };
  const names = sizesOf(part, shape);
  const { resolution, patch, width, depth, decoderWidth, decoderDepth, classes } = shape;
  const dimensions =
    part.kind === "encoder"
      ? `${depth} blocks of width ${width}`
      : `${depth} + ${decoderDepth} blocks of widths ${width} and ${decoderWidth}`;
  const size =
    names.length > 0 ? names.join(" or ") : `no listed size: ${dimensions}, patches of ${patch} px`;
  const task = part.kind === "encoder" ? `${resolution} px` : `${resolution} px, ${classes} classes`;
  const expected = shapesOf(
    part.kind === "encoder" ? encoderStates(shape, projectorIn(part.shapes, names[0])) : networkStates(shape),
  );
  return { size: `${size}, ${task}`, ...partDifferences(expected, part) };
}

/** What a file may claim at most: its shapes are anyone's. */
const MOST = { width: 2 ** 15, side: 2 ** 13, blocks: 512, tokens: 2 ** 20 };

/** The network that these shapes are of; null where they contradict each other. */
function shapeIn(shapes: Shapes): NetworkShape | null {
  const [width = 0, , patch = 0] = shapes.get("patch_embed.proj.weight") ?? [];
  const [, tokens = 0] = shapes.get("cls_token") ?? [];
  const [, positions = 0] = shapes.get("pos_embed") ?? [];
  const side = Math.sqrt(positions - 1 - tokens);
  const [decoderWidth = width] = shapes.get("out_norm.weight") ?? [];
  const [rows = 1] = shapes.get("class_embed.weight") ?? [];
  const depth = blocksIn(shapes, /^blocks\.(\d+)\./);
  const decoderDepth = blocksIn(shapes, /^decoder_blocks\.(\d+)\./);
  const sound =
    [width, decoderWidth].every((one) => one >= 1 && one <= MOST.width) &&
    positions <= MOST.tokens &&
    tokens >= 1 &&
    patch >= 1 &&
    Number.isInteger(side) &&
    side * patch <= MOST.side &&
    Math.max(depth, decoderDepth) <= MOST.blocks;
  if (!sound) return null;
  return {
    resolution: side * patch,
    patch,
    width,
    depth,
    decoderWidth,
    decoderDepth,
    // No name or shape hangs on how attention is cut into heads.
    heads: 1,
    decoderHeads: 1,
    classes: rows - 1,
    tokens,
    positionAmplitude: null,
    classDeviation: 1,
  };
}

const blocksIn = (shapes: Shapes, pattern: RegExp): number =>
  [...shapes.keys()].reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1) + 1), 0);

const HALVES = {
  encoder: ["patch", "width", "depth"],
  "encoder-decoder": ["patch", "width", "depth", "decoderWidth", "decoderDepth"],
} as const;

function sizesOf({ kind }: EpgPart, shape: NetworkShape): SizeName[] {
  const { resolution, classes } = shape;
  return (Object.keys(SIZES) as SizeName[]).filter((name) => {
    if (!cuts(name, resolution)) return false;
    const listed = networkShape(name, { resolution, classes });
    return HALVES[kind].every((dimension) => listed[dimension] === shape[dimension]);
  });
}

/** As wide as it is in the file; what it lacks is the size's. */
function projectorIn(shapes: Shapes, size: SizeName | undefined): ProjectorShape {
  const layers = Math.floor(blocksIn(shapes, /^projection_head\.(\d+)\./) / 3) + 1;
  const listed = projectorShape(size ?? "L/16");
  const [hidden = listed.hidden] = shapes.get("projection_head.0.weight") ?? [];
  const [out = listed.out] = shapes.get(`projection_head.${3 * (layers - 1)}.weight`) ?? [];
  return { layers, hidden, out };
}
