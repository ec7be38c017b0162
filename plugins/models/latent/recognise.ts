/** Which DiT or autoencoder a file of tensors holds, by names and shapes alone. */
import {
  type Differences,
  differences,
  numbersIn,
  type Shape,
  type Shapes,
} from "../../../harness/formats/state-dict.ts";
import type { NamedShapes, RecognisedPart } from "../../../harness/plugin.ts";
import { shapesOf } from "../../../harness/weights/weights-file.ts";
import type { AutoencoderConfig } from "./autoencoder.ts";
import { autoencoderStates, autoencodersIn } from "./autoencoder-checkpoint.ts";
import type { AutoencoderLayout } from "./autoencoder-names.ts";
import type { DitConfig } from "./dit.ts";
import { ditStates, ditsIn } from "./dit-states.ts";
import { SD_VAE, SIZE_NAMES, SIZES } from "./sizes.ts";

export const recognise = (file: NamedShapes): readonly RecognisedPart[] => [
  ...ditsIn(file.path, file.shapes).map(({ prefix, shapes, role }) => ({
    family: familyOf(prefix),
    role,
    prefix,
    parameters: numbersIn(shapes),
    ...sizedDit(shapes),
  })),
  ...autoencodersIn(file.path, file.shapes).flatMap(({ prefix, role, shapes, layout }) => {
    const config = autoencoderIn(shapes);
    if (!config) return [];
    const parameters = numbersIn(shapes);
    return { family: "AutoencoderKL", role, prefix, parameters, ...sizedAutoencoder(config, shapes, layout) };
  }),
];

/** The networks are alike; files of ours say which it is. */
function familyOf(prefix: string): string {
  if (prefix.startsWith("sit_")) return "SiT";
  return prefix.startsWith("dit_") ? "DiT" : "DiT (SiT has the same names)";
}

type Sized = Differences & { readonly size: string };

/** What a file may claim at most: its shapes are anyone's. */
const MOST = { blocks: 512, width: 2 ** 14, table: 2 ** 24, channels: 2 ** 12, levels: 8 };

const highest = (shapes: Shapes, pattern: RegExp): number =>
  [...shapes.keys()].reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1)), -1);

const unknown: Sized = { size: "of no known form", missing: [], surplus: [], misshapen: [] };

function sizedDit(shapes: Shapes): Sized {
  const [width = 0, latentChannels = 0, patch = 0] = shapes.get("x_embedder.proj.weight") ?? [];
  // Positions are fixed, so that some files leave them out: only they tell the side.
  const [, positions = null] = shapes.get("pos_embed") ?? [];
  const [rows = 1] = shapes.get("y_embedder.embedding_table.weight") ?? [];
  const [out = 0] = shapes.get("final_layer.linear.weight") ?? [];
  const depth = highest(shapes, /^blocks\.(\d+)\./) + 1;
  const grid = Math.sqrt(positions ?? 1);
  const outputChannels = out / patch ** 2;
  const sound =
    [grid, outputChannels, width / 4].every((one) => Number.isInteger(one) && one >= 1) &&
    width <= MOST.width &&
    grid ** 2 * width <= MOST.table &&
    depth <= MOST.blocks &&
    [latentChannels, patch, outputChannels].every((one) => one >= 1 && one <= MOST.channels);
  if (!sound) return unknown;
  const side = grid * patch;
  const config: DitConfig = {
    side,
    latentChannels,
    patch,
    width,
    depth,
    heads: 1,
    classes: rows - 1,
    outputChannels,
  };
  const listed = SIZE_NAMES.filter((name) => {
    const size = SIZES[name].dit;
    return size.width === width && size.depth === depth && size.patch === patch;
  });
  const named =
    listed.length > 0
      ? listed.join(" or ")
      : `no listed size: ${depth} blocks of width ${width}, patch ${patch}`;
  const expected = shapesOf(ditStates(config).filter(({ name }) => shapes.has(name) || name !== "pos_embed"));
  const latents = positions === null ? `of ${latentChannels} channels` : `${side}×${side}×${latentChannels}`;
  const fixed = outputChannels === latentChannels ? ", no variance learned" : "";
  return {
    size: `${named}, latents ${latents}, ${config.classes} classes${fixed}`,
    ...differences(expected, shapes),
  };
}

/** From shapes under diffusers' names; null where they contradict each other. Groups play no part in them. */
function autoencoderIn(shapes: Shapes): AutoencoderConfig | null {
  const levels = highest(shapes, /^encoder\.down_blocks\.(\d+)\./) + 1;
  const blocks = highest(shapes, /^encoder\.down_blocks\.\d+\.resnets\.(\d+)\./) + 1;
  const first = (shape: Shape | undefined): number => shape?.[0] ?? 0;
  const channels = Array.from({ length: Math.min(levels, MOST.levels) }, (_, level) =>
    first(shapes.get(`encoder.down_blocks.${level}.resnets.0.conv1.weight`)),
  );
  const latentChannels = first(shapes.get("quant_conv.weight")) / 2;
  const sound =
    levels >= 1 &&
    levels <= MOST.levels &&
    blocks >= 1 &&
    blocks <= MOST.blocks &&
    [...channels, latentChannels].every((one) => Number.isInteger(one) && one >= 1 && one <= MOST.channels);
  return sound ? { channels, blocks, groups: 1, latentChannels } : null;
}

function sizedAutoencoder(config: AutoencoderConfig, shapes: Shapes, layout: AutoencoderLayout): Sized {
  const same = ({ channels, blocks, latentChannels }: AutoencoderConfig): boolean =>
    channels.join() === config.channels.join() &&
    blocks === config.blocks &&
    latentChannels === config.latentChannels;
  const listed = SIZE_NAMES.filter((name) => same(SIZES[name].autoencoder));
  const dimensions = `channels ${config.channels.join(", ")}, ${config.latentChannels} in the latents`;
  const named = same(SD_VAE) ? "SD-VAE (kl-f8)" : (listed[0] ?? `no listed size: ${dimensions}`);
  const expected = shapesOf(autoencoderStates(config));
  return { size: `${named}, ${layout} names`, ...differences(expected, shapes) };
}
