/**
 * An autoencoder's weights in files that others, or we, made: under diffusers' names of today or of before, or CompVis's;
 * alone, or as the `first_stage_model.` of a whole latent-diffusion model, whose other tensors are left alone.
 */
import { basename } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import {
  differences,
  type PartRole,
  partsWith,
  roleOf,
  type Shapes,
} from "../../../harness/formats/state-dict.ts";
import { readTensor, type TensorFile } from "../../../harness/formats/tensor-file.ts";
import { type State, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
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
  const file = await opened(path);
  try {
    const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
    const part = chosen(path, autoencodersIn(path, shapes), role, file);
    const states = autoencoderStates(config);
    requireSame(path, part, states, size);
    const ignored = file.tensors.size - part.shapes.size;
    return {
      part: `${part.layout} names${under(part)}${ignored > 0 ? `, ${ignored.toLocaleString("en")} other tensors ignored` : ""}`,
      ignored,
      read: () => readPart(path, file, part, states),
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
      throw new UserError(`vae.weights: ${error.message}`, "give a sound checkpoint");
    if (error instanceof Error && "syscall" in error)
      throw new UserError(`vae.weights: ${path} cannot be read: ${error.message}`, "check the path");
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
    throw new UserError(
      `vae.weights: ${path} (${format}, ${tensors.size} tensors) holds no AutoencoderKL: nothing in it is named ${ANCHOR} beside encoder.down_blocks.… or encoder.down.…${likeness(tensors)}`,
      "`epg-bench inspect` tells what it holds",
    );
  const told = parts.map((part) => `${part.role ?? "unnamed"}${under(part)}`).join(", ");
  for (const one of role === null ? PREFERRED : [role]) {
    const found = parts.filter((part) => part.role === one);
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw new UserError(
        `vae.weights: ${path} holds ${found.length} autoencoders that could be meant: ${told}`,
        "keep one of them in a file of its own",
      );
  }
  throw new UserError(
    `vae.weights.part: ${path} has no part "${role}"; it has ${told}`,
    "name one of those, or leave part out",
  );
}

/** What is often given in an autoencoder's place, by a name that each has. */
const OTHERS = [
  ["x_embedder.proj.weight", "a DiT or SiT"],
  ["patch_embed.proj.weight", "a vision transformer, as EPG is"],
] as const;

function likeness(tensors: TensorFile["tensors"]): string {
  const names = [...tensors.keys()];
  const other = OTHERS.find(([anchor]) => names.some((name) => name.endsWith(anchor)));
  return other ? `; it looks like ${other[1]}` : "";
}

const under = ({ prefix }: AutoencoderPart): string => (prefix === "" ? "" : ` under ${prefix}`);

/** At most three of many names. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

function requireSame(
  path: string,
  { prefix, shapes, sources }: AutoencoderPart,
  states: readonly State[],
  size: string,
): void {
  const expected = new Map(states.map(({ name, value }) => [name, value.shape]));
  const { misshapen, missing, surplus } = differences(expected, shapes);
  const inFile = (name: string): string => prefix + (sources.get(name) ?? name);
  const file = `vae.weights: ${basename(path)}`;
  const fix = "`epg-bench inspect` tells which autoencoder it is";
  const [first] = misshapen;
  if (first)
    throw new UserError(
      `${file} is of another size: ${inFile(first.name)} is [${first.found.join(", ")}], ${size} has [${first.expected.join(", ")}]${misshapen.length > 1 ? `; so are ${misshapen.length - 1} more parameters` : ""}`,
      fix,
    );
  if (missing.length > 0)
    throw new UserError(`${file} lacks ${missing.length} parameters of ${size}: ${some(missing)}`, fix);
  if (surplus.length > 0)
    throw new UserError(
      `${file} has ${surplus.length} parameters that ${size} has not: ${some(surplus.map(inFile))}`,
      fix,
    );
}

/** One tensor after another, so that no more than the weights and one tensor are in memory. */
async function readPart(
  path: string,
  file: TensorFile,
  { prefix, sources }: AutoencoderPart,
  states: readonly State[],
): Promise<Tensors> {
  const read: Record<string, Tensor> = {};
  try {
    for (const { name, value } of states) {
      const array = await readTensor(file.tensors.get(prefix + sources.get(name)!)!);
      read[name] = { dtype: "float32", shape: value.shape, data: toFloat32(array) };
    }
    return read;
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`vae.weights: ${error.message}`, `replace ${path}`);
    throw error;
  }
}
