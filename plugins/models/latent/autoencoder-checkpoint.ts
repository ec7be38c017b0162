/**
 * An autoencoder's weights in files that others, or we, made: under diffusers' names of today or of before, or CompVis's;
 * alone, or as the `first_stage_model.` of a whole latent-diffusion model, whose other tensors are left alone.
 */
import {
  type Differences,
  differences,
  type PartRole,
  partsWith,
  roleOf,
  type Shapes,
} from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import { type State, type Tensors, trace } from "../../../harness/program/index.ts";
import {
  chosenPart,
  OtherNetwork,
  openWeights,
  readWeights,
  requireSame,
  shapesOf,
} from "../../../harness/weights/weights-file.ts";
import { type AutoencoderConfig, decode, encode } from "./autoencoder.ts";
import { type NamedAutoencoder, toDiffusers } from "./autoencoder-names.ts";

/** Every autoencoder has it, whoever named it. */
const ANCHOR = "encoder.conv_in.weight";

export interface AutoencoderPart extends NamedAutoencoder {
  /** What the names of its tensors begin with in the file. */
  readonly prefix: string;
  readonly role: PartRole | null;
}

/** The autoencoders in a file. */
export const autoencodersIn = (path: string, all: Shapes): AutoencoderPart[] =>
  partsWith(ANCHOR, all).flatMap(({ prefix, shapes }) => {
    const named = toDiffusers(shapes);
    return named ? [{ ...named, prefix, role: roleOf(prefix, path) }] : [];
  });

/** Every parameter of encoder and decoder. */
export const autoencoderStates = (config: AutoencoderConfig): readonly State[] =>
  trace("autoencoder", (p) => {
    const side = 2 ** config.channels.length;
    p.output("moments", encode(p, p.input("x", [1, 3, side, side]), config));
    p.output("image", decode(p, p.input("z", [1, config.latentChannels, 2, 2]), config));
  }).states;

const OPTION = "vae.weights";
const FIX = "name the size whose autoencoder it is, or another file";

export interface OpenAutoencoder {
  /** What of the file is taken: "CompVis's names under first_stage_model., 1,130 other tensors ignored". */
  readonly part: string;
  /** How many tensors of the file are not the autoencoder's. */
  readonly ignored: number;
  /** Its weights by diffusers' names, in float32. */
  read(): Promise<Tensors>;
  close(): Promise<void>;
}

/**
 * Opens an autoencoder's weights: all names and shapes are compared, no number is read yet.
 * @param role of a file with several, the part that is wanted; null: the average where there is one
 * @param size what errors call the autoencoder
 * @throws UserError
 */
export async function openAutoencoder(
  path: string,
  config: AutoencoderConfig,
  role: PartRole | null,
  size: string,
): Promise<OpenAutoencoder> {
  const source = { path, option: OPTION };
  const file = await openWeights(source);
  try {
    const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
    const part = chosen(path, autoencodersIn(path, shapes), role, file);
    const states = autoencoderStates(config);
    requireSame(source, differencesIn(part, states), { title: size, noun: "parameters", fix: FIX });
    const taken = states.map(({ name, value: { shape } }) => ({
      name,
      shape,
      tensor: file.tensors.get(part.prefix + part.sources.get(name)!)!,
    }));
    const ignored = file.tensors.size - part.shapes.size;
    return {
      part: `${part.layout} names${under(part)}${ignored > 0 ? `, ${ignored.toLocaleString("en")} other tensors ignored` : ""}`,
      ignored,
      read: () => readWeights(source, taken),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const PREFERRED: readonly (PartRole | null)[] = ["ema", null, "online", "target"];

function chosen(
  path: string,
  parts: readonly AutoencoderPart[],
  role: PartRole | null,
  { format, tensors }: TensorFile,
): AutoencoderPart {
  if (parts.length === 0)
    throw new OtherNetwork(
      `${OPTION}: ${path} (${format}, ${tensors.size} tensors) holds no AutoencoderKL: nothing in it is named ${ANCHOR} beside encoder.down_blocks.… or encoder.down.…`,
      "`epg-bench inspect` tells what it holds",
    );
  return chosenPart({ path, option: OPTION }, parts, {
    role,
    preferred: PREFERRED,
    noun: "autoencoders",
    told: (part) => `${part.role ?? "unnamed"}${under(part)}`,
  });
}

const under = ({ prefix }: AutoencoderPart): string => (prefix === "" ? "" : ` under ${prefix}`);

/** By the names that the file has. */
function differencesIn({ prefix, shapes, sources }: AutoencoderPart, states: readonly State[]): Differences {
  const { missing, surplus, misshapen } = differences(shapesOf(states), shapes);
  const inFile = (name: string): string => prefix + (sources.get(name) ?? name);
  return {
    missing,
    surplus: surplus.map(inFile),
    misshapen: misshapen.map((one) => ({ ...one, name: inFile(one.name) })),
  };
}
