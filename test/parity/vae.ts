/** The reference autoencoders: every folder at or below `vae` that has a config.json, on the engines it is run on. */
import { join } from "node:path";
import type { Tensors } from "../../harness/program/index.ts";
import type { AutoencoderConfig } from "../../plugins/models/latent/autoencoder.ts";
import { openAutoencoder } from "../../plugins/models/latent/autoencoder-checkpoint.ts";
import { type Case, casesIn, runsIn } from "./cases.ts";

export interface VaeCase extends Omit<Case, "read"> {
  readonly config: AutoencoderConfig;
  read(file: string): Tensors;
  /** Through the loader that users' files take. */
  weights(file?: string): Promise<Tensors>;
}

interface DiffusersConfig {
  readonly block_out_channels: number[];
  readonly layers_per_block: number;
  readonly norm_num_groups: number;
  readonly latent_channels: number;
}

function configOf(config: DiffusersConfig): AutoencoderConfig {
  return {
    channels: config.block_out_channels,
    blocks: config.layers_per_block,
    groups: config.norm_num_groups,
    latentChannels: config.latent_channels,
  };
}

export const cases = casesIn("vae").map((found): VaeCase => {
  const config = configOf(found.readJson("config.json") as DiffusersConfig);
  return {
    ...found,
    config,
    read: (file) => found.read(file).tensors,
    async weights(file = "weights") {
      const path = join(found.folder, `${file}.safetensors`);
      const opened = await openAutoencoder(path, config, null, "the case");
      const tensors = await opened.read();
      await opened.close();
      return tensors;
    },
  };
});

/** Of the smallest case the smallest file alone is interpreted. */
export function runsOf(pattern: RegExp) {
  const { native, interpreted } = runsIn(cases, pattern);
  return [...native, ...interpreted.slice(0, 1)];
}
