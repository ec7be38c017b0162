/** Weights under the names that others give them. */
import type { NamedArrays } from "../../../../harness/formats/safetensors.ts";
import { trace } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { autoencoderStates } from "../../../../plugins/models/latent/autoencoder-checkpoint.ts";
import { perceptualDistance } from "../../../../plugins/models/latent/perceptual.ts";
import {
  PERCEPTUAL_NETS,
  type PerceptualNetName,
} from "../../../../plugins/models/latent/perceptual-nets.ts";
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

/** LPIPS's weights by the package's own names: small for the net, positive for the linear layers. */
export function lpipsWeights(name: PerceptualNetName): NamedArrays {
  const net = PERCEPTUAL_NETS[name];
  const { states } = trace("lpips", (p) => {
    const image = (name: string) => p.input(name, [1, 3, net.smallest, net.smallest]);
    p.output("distance", perceptualDistance(p, net, image("x"), image("y")));
  });
  return Object.fromEntries(
    states.map(({ name, value: { shape } }, k) => {
      const size = shape.reduce((product, side) => product * side, 1);
      const fanIn = size / shape[0]!;
      const data = Float32Array.from({ length: size }, (_, i) =>
        name.startsWith("lin") ? 0.1 : (((i * 7919 + 31 * k) % 101) / 50 - 1) * Math.sqrt(6 / fanIn),
      );
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}
