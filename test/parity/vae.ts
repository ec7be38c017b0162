/** The reference autoencoders: every folder at or below `vae` that has a config.json, on the engines it is run on. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Tensors } from "../../harness/program/index.ts";
import type { AutoencoderConfig } from "../../plugins/models/latent/autoencoder.ts";
import { openAutoencoder } from "../../plugins/models/latent/autoencoder-checkpoint.ts";
import { readTensors } from "../plugins/models/epg/fixtures.ts";
import { type Engine, float32, float64 } from "./engines.ts";
import { fixtures } from "./fixtures.ts";

export interface VaeCase {
  /** "vae" */
  readonly name: string;
  readonly config: AutoencoderConfig;
  /** Names, without ending, of the tensor files, smallest first. */
  readonly files: readonly string[];
  readonly bytes: number;
  read(file: string): Tensors;
  readJson(file: string): unknown;
  /** Through the loader that users' files take. */
  weights(file?: string): Promise<Tensors>;
}

interface DiffusersConfig {
  readonly block_out_channels: number[];
  readonly layers_per_block: number;
  readonly norm_num_groups: number;
  readonly latent_channels: number;
}

const jsonIn = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

function configIn(path: string): AutoencoderConfig {
  const config = jsonIn(path) as DiffusersConfig;
  return {
    channels: config.block_out_channels,
    blocks: config.layers_per_block,
    groups: config.norm_num_groups,
    latentChannels: config.latent_channels,
  };
}

const root = fixtures("vae");

export const cases: readonly VaeCase[] = (
  root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : []
)
  .filter((path) => basename(path) === "config.json")
  .map((path): VaeCase => {
    const folder = join(root!, dirname(path));
    const config = configIn(join(folder, "config.json"));
    const files = readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
    const bytesOf = (file: string): number => statSync(join(folder, file)).size;
    return {
      name: join("vae", dirname(path)),
      config,
      files: files.sort((a, b) => bytesOf(a) - bytesOf(b)).map((file) => basename(file, ".safetensors")),
      bytes: files.reduce((sum, file) => sum + bytesOf(file), 0),
      read: (file) => readTensors(join(folder, `${file}.safetensors`)).tensors,
      readJson: (file) => jsonIn(join(folder, file)),
      async weights(file = "weights") {
        const opened = await openAutoencoder(join(folder, `${file}.safetensors`), config, null, "the case");
        const tensors = await opened.read();
        await opened.close();
        return tensors;
      },
    };
  });

const smallest = [...cases].sort((a, b) => a.bytes - b.bytes)[0];

/** Each file whose name matches, of every case on ONNX Runtime; the smallest of the smallest case on the interpreter too, by title. */
export function runsOf(pattern: RegExp) {
  const run = (engine: Engine) => (one: VaeCase) =>
    one.files
      .filter((file) => pattern.test(file))
      .map((file) => [`${one.name}: ${file}: ${engine.name}`, { one, file, engine }] as const);
  return [...cases.flatMap(run(float32)), ...(smallest ? run(float64)(smallest).slice(0, 1) : [])];
}
