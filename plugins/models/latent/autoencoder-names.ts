/**
 * An AutoencoderKL's parameters under diffusers' names, whatever names a file has (diffusers
 * `scripts/convert_vae_pt_to_diffusers.py`, `_convert_deprecated_attention_blocks`).
 */
import type { Shape, Shapes } from "../../../harness/formats/state-dict.ts";

export type AutoencoderLayout = "diffusers'" | "diffusers' old" | "CompVis's";

const OLD_ATTENTION: Readonly<Record<string, string>> = {
  query: "to_q",
  key: "to_k",
  value: "to_v",
  proj_attn: "to_out.0",
};

const COMPVIS_ATTENTION: Readonly<Record<string, string>> = {
  norm: "group_norm",
  q: "to_q",
  k: "to_k",
  v: "to_v",
  proj_out: "to_out.0",
};

/** Shapes by diffusers' names; null where nothing is named as an autoencoder's parts are. */
export function toDiffusers(
  shapes: Shapes,
): { readonly layout: AutoencoderLayout; readonly shapes: Shapes } | null {
  const names = [...shapes.keys()];
  if (names.some((name) => name.startsWith("encoder.down."))) {
    const levels = 1 + names.reduce((most, name) => Math.max(most, levelOf(name)), 0);
    // The training loss keeps a parameter of its own beside the autoencoder's.
    const own = [...shapes].filter(([name]) => !name.startsWith("loss."));
    return {
      layout: "CompVis's",
      shapes: new Map(own.map(([name, shape]) => [fromCompVis(name, levels), withoutKernel(name, shape)])),
    };
  }
  if (!names.some((name) => name.startsWith("encoder.down_blocks."))) return null;
  const old = /(?<=\.attentions\.0\.)(query|key|value|proj_attn)(?=\.)/;
  return {
    layout: names.some((name) => old.test(name)) ? "diffusers' old" : "diffusers'",
    shapes: new Map(
      [...shapes].map(([name, shape]) => [name.replace(old, (part) => OLD_ATTENTION[part]!), shape]),
    ),
  };
}

const levelOf = (name: string): number => Number(/^decoder\.up\.(\d+)\./.exec(name)?.[1] ?? 0);

/** CompVis counts the decoder's levels from the finest, diffusers from the coarsest. */
const fromCompVis = (name: string, levels: number): string =>
  name
    .replace(/^encoder\.down\.(\d+)\.block\./, "encoder.down_blocks.$1.resnets.")
    .replace(/^encoder\.down\.(\d+)\.downsample\./, "encoder.down_blocks.$1.downsamplers.0.")
    .replace(/^decoder\.up\.(\d+)\./, (_, level) => `decoder.up_blocks.${levels - 1 - Number(level)}.`)
    .replace(/^(decoder\.up_blocks\.\d+)\.block\./, "$1.resnets.")
    .replace(/^(decoder\.up_blocks\.\d+)\.upsample\./, "$1.upsamplers.0.")
    .replace(/\.mid\.block_([12])\./, (_, block) => `.mid_block.resnets.${Number(block) - 1}.`)
    .replace(
      /\.mid\.attn_1\.(norm|q|k|v|proj_out)\./,
      (_, part) => `.mid_block.attentions.0.${COMPVIS_ATTENTION[part]}.`,
    )
    .replace(".nin_shortcut.", ".conv_shortcut.")
    .replace(".norm_out.", ".conv_norm_out.");

/** Its attention's linear layers are 1×1 convolutions. */
const withoutKernel = (name: string, shape: Shape): Shape =>
  /\.attn_1\.(q|k|v|proj_out)\.weight$/.test(name) && shape.slice(2).join() === "1,1"
    ? shape.slice(0, 2)
    : shape;
