/**
 * Both halves of a latent model in one file: `vae_ema/…` by diffusers' names, `dit_ema/…` by DiT's, each half's averages,
 * and `latent_scale`, what latents were multiplied by.
 */
import { type Differences, differences, type Shapes } from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { StageWeights } from "../../../harness/plugin.ts";
import { type Tensors, trace } from "../../../harness/program/index.ts";
import { openWeights, readWeights, requireSame } from "../../../harness/weights/weights-file.ts";
import { type AutoencoderConfig, decode, encode } from "./autoencoder.ts";
import { type DitConfig, dit } from "./dit.ts";
import { HEAD, withHead } from "./dit-states.ts";

const PREFIXES = { VAE: "vae_ema/", DiT: "dit_ema/" } as const;
type Half = keyof typeof PREFIXES;
const SCALE = "latent_scale";

/** What the stages handed on, by the file's names. */
export const packed = (weights: StageWeights): Tensors =>
  Object.fromEntries(
    (["VAE", "DiT"] as const).flatMap((half) =>
      Object.entries(weights[half]!).map(([name, tensor]) => [inFile(half, name), tensor]),
    ),
  );

const inFile = (half: Half, name: string): string => (name === SCALE ? SCALE : PREFIXES[half] + name);

/** Shapes of all that the stages hand on. */
function shapesOf(half: Half, autoencoder: AutoencoderConfig, config: DitConfig): Shapes {
  const { side, latentChannels } = config;
  const { states } = trace(half, (p) => {
    const z = p.input("z", [1, latentChannels, side, side]);
    if (half === "DiT")
      p.output("out", dit(p, z, p.input("t", [1]), p.input("labels", [1], "int32"), config));
    else {
      const pixels = side * 2 ** (autoencoder.channels.length - 1);
      p.output("moments", encode(p, p.input("x", [1, 3, pixels, pixels]), autoencoder));
      p.output("image", decode(p, z, autoencoder));
    }
  });
  return new Map([
    ...states.map(({ name, value }) => [name, value.shape] as const),
    ...(half === "DiT" ? [[SCALE, []] as const] : []),
  ]);
}

export interface OpenCheckpoint {
  read(half: Half): Promise<Tensors>;
  close(): Promise<void>;
}

const FIX =
  "give what `epg-bench export safetensors` writes of a latent entry of this size, resolution and classes";

/**
 * Opens such a file: all names and shapes are compared, no number is read yet.
 * @param title what errors call the model
 * @throws UserError
 */
export async function openCheckpoint(
  path: string,
  autoencoder: AutoencoderConfig,
  config: DitConfig,
  title: string,
): Promise<OpenCheckpoint> {
  const source = { path, option: "weights" };
  const file = await openWeights(source);
  try {
    const network = withHead(config, file.tensors.get(inFile("DiT", HEAD))?.shape);
    const halves = {
      VAE: shapesOf("VAE", autoencoder, config),
      DiT: shapesOf("DiT", autoencoder, network),
    };
    requireSame(source, differencesOf(file, halves), { title, noun: "tensors", fix: FIX });
    return {
      read: (half) =>
        readWeights(
          source,
          [...halves[half]].map(([name, shape]) => ({
            name,
            shape,
            tensor: file.tensors.get(inFile(half, name))!,
          })),
        ),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function differencesOf({ tensors }: TensorFile, halves: Readonly<Record<Half, Shapes>>): Differences {
  const expected: Shapes = new Map(
    (["VAE", "DiT"] as const).flatMap((half) =>
      [...halves[half]].map(([name, shape]) => [inFile(half, name), shape] as const),
    ),
  );
  return differences(expected, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
}
