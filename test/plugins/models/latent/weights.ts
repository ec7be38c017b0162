/** An autoencoder's weights under the names that others give them. */
import type { NamedArrays } from "../../../../harness/formats/safetensors.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { autoencoderStates } from "../../../../plugins/models/latent/autoencoder-checkpoint.ts";
import { SIZES, type SizeName } from "../../../../plugins/models/latent/sizes.ts";

const COMPVIS: readonly (readonly [RegExp, string])[] = [
  [/^encoder\.down_blocks\.(\d+)\.resnets\./, "encoder.down.$1.block."],
  [/^encoder\.down_blocks\.(\d+)\.downsamplers\.0\./, "encoder.down.$1.downsample."],
  [/^(decoder\.up\.\d+)\.resnets\./, "$1.block."],
  [/^(decoder\.up\.\d+)\.upsamplers\.0\./, "$1.upsample."],
  [/\.mid_block\.resnets\.0\./, ".mid.block_1."],
  [/\.mid_block\.resnets\.1\./, ".mid.block_2."],
  [/\.attentions\.0\.group_norm\./, ".attn_1.norm."],
  [/\.attentions\.0\.to_out\.0\./, ".attn_1.proj_out."],
  [/\.attentions\.0\.to_([qkv])\./, ".attn_1.$1."],
  [/\.mid_block\./, ".mid."],
  [/\.conv_shortcut\./, ".nin_shortcut."],
  [/\.conv_norm_out\./, ".norm_out."],
];

function compvisName(name: string, levels: number): string {
  const counted = name.replace(
    /^decoder\.up_blocks\.(\d+)/,
    (_, level) => `decoder.up.${levels - 1 - Number(level)}`,
  );
  return COMPVIS.reduce((now, [from, to]) => now.replace(from, to), counted);
}

/** Random weights of a size's autoencoder by CompVis's names, its attention's linear layers 1×1 convolutions. */
export function compvisAutoencoder(size: SizeName, prefix = ""): NamedArrays {
  const config = SIZES[size].autoencoder;
  const random = createStream(0, "compvis");
  return Object.fromEntries(
    autoencoderStates(config).map(({ name, value: { shape } }) => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
      random.fillNormal(data);
      const own = compvisName(name, config.channels.length);
      const square = /attn_1\.(q|k|v|proj_out)\.weight$/.test(own) ? [...shape, 1, 1] : shape;
      return [prefix + own, { dtype: "float32", shape: square, data: data.map((z) => 0.1 * z) }];
    }),
  );
}
