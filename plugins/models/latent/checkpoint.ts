/**
 * Both halves of a latent model in one file: `vae_ema/…` by diffusers' names, `dit_ema/…` by DiT's, each half's averages,
 * and `latent_scale`, what latents were multiplied by.
 */
import { basename } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import { differences, type Shapes } from "../../../harness/formats/state-dict.ts";
import { readTensor, type TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { StageWeights } from "../../../harness/plugin.ts";
import { type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import { type AutoencoderConfig, decode, encode } from "./autoencoder.ts";
import { type DitConfig, dit } from "./dit.ts";

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
  const file = await opened(path);
  try {
    const halves = {
      VAE: shapesOf("VAE", autoencoder, config),
      DiT: shapesOf("DiT", autoencoder, config),
    };
    requireSame(path, file, halves, title);
    return {
      read: (half) => readHalf(path, file, half, halves[half]),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function opened(path: string): Promise<TensorFile> {
  try {
    return await openTensors(path);
  } catch (error) {
    if (error instanceof FormatError)
      throw new UserError(`weights: ${error.message}`, "give a sound checkpoint");
    if (error instanceof Error && "syscall" in error)
      throw new UserError(`weights: ${path} cannot be read: ${error.message}`, "check the path");
    throw error;
  }
}

/** At most three of many names. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

function requireSame(
  path: string,
  { tensors }: TensorFile,
  halves: Readonly<Record<Half, Shapes>>,
  title: string,
): void {
  const expected: Shapes = new Map(
    (["VAE", "DiT"] as const).flatMap((half) =>
      [...halves[half]].map(([name, shape]) => [inFile(half, name), shape] as const),
    ),
  );
  const found = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const { misshapen, missing, surplus } = differences(expected, found);
  const file = `weights: ${basename(path)}`;
  const fix =
    "give what `epg-bench export safetensors` writes of a latent entry of this size, resolution and classes";
  const [first] = misshapen;
  if (first)
    throw new UserError(
      `${file} is of another size: ${first.name} is [${first.found.join(", ")}], ${title} has [${first.expected.join(", ")}]${misshapen.length > 1 ? `; so are ${misshapen.length - 1} more tensors` : ""}`,
      fix,
    );
  if (missing.length > 0)
    throw new UserError(`${file} lacks ${missing.length} tensors of ${title}: ${some(missing)}`, fix);
  if (surplus.length > 0)
    throw new UserError(`${file} has ${surplus.length} tensors that ${title} has not: ${some(surplus)}`, fix);
}

/** One tensor after another, so that no more than the weights and one tensor are in memory. */
async function readHalf(path: string, file: TensorFile, half: Half, shapes: Shapes): Promise<Tensors> {
  const read: Record<string, Tensor> = {};
  try {
    for (const [name, shape] of shapes) {
      const array = await readTensor(file.tensors.get(inFile(half, name))!);
      read[name] = { dtype: "float32", shape, data: toFloat32(array) };
    }
    return read;
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`weights: ${error.message}`, `replace ${path}`);
    throw error;
  }
}
