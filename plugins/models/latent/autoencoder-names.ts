/**
 * An AutoencoderKL's parameters under diffusers' names, whatever names a file has (diffusers
 * `scripts/convert_vae_pt_to_diffusers.py`, `_convert_deprecated_attention_blocks`).
 */
import type { Shape, Shapes } from "../../../harness/formats/state-dict.ts";

export type AutoencoderLayout = "diffusers'" | "diffusers' old" | "CompVis's";

export interface NamedAutoencoder {
  readonly layout: AutoencoderLayout;
  /** By diffusers' names; what none of these fits keeps its own. */
  readonly shapes: Shapes;
  /** The names in the file, by diffusers'. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * What latent-diffusion checkpoints keep beside an autoencoder, under the same prefix: the diffusion model, its average
 * and its conditioning, the training loss, the tables of the noise schedule (CompVis/latent-diffusion
 * `ldm/models/diffusion/ddpm.py`).
 */
const isBeside = (name: string): boolean =>
  /^(model|model_ema|cond_stage_model|loss)\./.test(name) ||
  /^(betas|alphas_cumprod(_prev)?|(sqrt|log)_\w+_cumprod|lvlb_weights|logvar|scale_factor)$/.test(name) ||
  /^posterior_(variance|log_variance_clipped|mean_coef[12])$/.test(name);

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

/** The autoencoder among tensors of one prefix; null where nothing is named as an autoencoder's parts are. */
export function toDiffusers(found: Shapes): NamedAutoencoder | null {
  const own: Shapes = new Map([...found].filter(([name]) => !isBeside(name)));
  const names = [...own.keys()];
  if (names.some((name) => name.startsWith("encoder.down."))) {
    const levels = 1 + names.reduce((most, name) => Math.max(most, levelOf(name)), 0);
    return renamed("CompVis's", own, (name) => fromCompVis(name, levels), withoutKernel);
  }
  if (!names.some((name) => name.startsWith("encoder.down_blocks."))) return null;
  const old = /(?<=\.attentions\.0\.)(query|key|value|proj_attn)(?=\.)/;
  const layout = names.some((name) => old.test(name)) ? "diffusers' old" : "diffusers'";
  return renamed(layout, own, (name) => name.replace(old, (part) => OLD_ATTENTION[part]!));
}

/** Where two names of a file would become one, the second stays as it is: it is one too many. */
function renamed(
  layout: AutoencoderLayout,
  own: Shapes,
  rename: (name: string) => string,
  reshaped: (name: string, shape: Shape) => Shape = (_, shape) => shape,
): NamedAutoencoder {
  const shapes = new Map<string, Shape>();
  const sources = new Map<string, string>();
  for (const [name, shape] of own) {
    const key = shapes.has(rename(name)) ? name : rename(name);
    shapes.set(key, reshaped(name, shape));
    sources.set(key, name);
  }
  return { layout, shapes, sources };
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
