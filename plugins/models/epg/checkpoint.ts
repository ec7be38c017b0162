/**
 * EPG's weights in files that others, or we, made. Names are the published ones, so that loading is the identity; the
 * released training script keeps flat files apart (nnet.pth, nnet_ema.pth, target_model.pth: AMAP-ML/EPG
 * `rcm/gen_train_utils.py`), others put several parts into one, each under its prefix.
 */
import { basename } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import {
  type Differences,
  differences,
  type PartRole,
  partsWith,
  roleOf,
  type Shapes,
  type StateDictPart,
} from "../../../harness/formats/state-dict.ts";
import { readTensor, type TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { NamedShapes } from "../../../harness/plugin.ts";
import { type State, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import { network as encoderDecoder, type NetworkShape } from "./network.ts";

/** Every part of EPG begins with it, a pre-trained encoder too. */
const ANCHOR = "patch_embed.proj.weight";
const PROJECTOR = "projection_head.";
const DECODER = "decoder_blocks.";

export interface EpgPart extends StateDictPart {
  readonly role: PartRole | null;
  /** A pre-trained encoder with its projector, or the encoder-decoder. */
  readonly kind: "encoder" | "encoder-decoder";
}

/** The parts of a file that are EPG's. */
export function epgParts({ path, shapes: all, metadata }: NamedShapes): EpgPart[] {
  return partsWith(ANCHOR, all).flatMap(({ prefix, shapes }): EpgPart[] => {
    const has = (start: string): boolean => [...shapes.keys()].some((name) => name.startsWith(start));
    const kind = has(DECODER) ? "encoder-decoder" : has(PROJECTOR) ? "encoder" : null;
    if (kind === null) return [];
    const told = prefix === "" ? metadata.get("part") : undefined;
    const role = isRole(told) ? told : roleOf(prefix, path);
    // The average that our pre-training keeps is its target.
    return [{ prefix, shapes, kind, role: kind === "encoder" && role === "ema" ? "target" : role }];
  });
}

const isRole = (text: string | undefined): text is PartRole =>
  text === "online" || text === "ema" || text === "target";

/** Every parameter of the encoder-decoder. */
export const networkStates = (shape: NetworkShape): readonly State[] =>
  trace("epg.network", (p) => {
    const x = p.input("x", [1, 3, shape.resolution, shape.resolution]);
    p.output("y", encoderDecoder(p, shape, x, p.input("time", [1]), p.input("labels", [1], "int32")));
  }).states;

export const shapesOf = (states: readonly State[]): Shapes =>
  new Map(states.map(({ name, value }) => [name, value.shape]));

/** A projector beside a decoder is what pre-training left: nothing samples with it. */
export const partDifferences = (expected: Shapes, { shapes, kind }: EpgPart): Differences =>
  differences(expected, shapes, (name) => kind === "encoder-decoder" && name.startsWith(PROJECTOR));

const PREFERRED: readonly (PartRole | null)[] = ["ema", null, "online", "target"];

export interface OpenCheckpoint {
  readonly part: EpgPart;
  read(): Promise<Tensors>;
  close(): Promise<void>;
}

/**
 * Opens the weights of a network in a file: all names and shapes are compared, no number is read yet.
 * @param size what errors call the network
 * @param role the part that is wanted; null: the average where there is one, else what there is
 * @throws UserError
 */
export async function openCheckpoint(
  path: string,
  network: NetworkShape,
  role: PartRole | null,
  size: string,
): Promise<OpenCheckpoint> {
  const file = await opened(path);
  try {
    const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
    const parts = epgParts({ path, shapes, metadata: file.metadata });
    const part = chosen(path, parts, role, file);
    const states = networkStates(network);
    requireSame(path, part, shapesOf(states), size);
    return { part, read: () => readPart(path, file, part, states), close: () => file.close() };
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

function chosen(path: string, parts: readonly EpgPart[], role: PartRole | null, file: TensorFile): EpgPart {
  if (parts.length === 0)
    throw new UserError(
      `weights: ${path} (${file.format}, ${file.tensors.size} tensors) holds no EPG: nothing in it is named ${ANCHOR} beside ${DECODER}… or ${PROJECTOR}…`,
      "`epg-bench inspect` tells what it holds",
    );
  const samplable = parts.filter(({ kind }) => kind === "encoder-decoder");
  if (samplable.length === 0)
    throw new UserError(
      `weights: ${path} holds a pre-trained encoder (${PROJECTOR}…) without a decoder: nothing can be sampled from it`,
      "give the checkpoint of a fine-tuned model",
    );
  const wanted = role === null ? PREFERRED : [role];
  for (const one of wanted) {
    const found = samplable.filter((part) => part.role === one);
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw new UserError(
        `weights: ${path} holds ${found.length} parts that could be meant: ${found.map(told).join(", ")}`,
        "keep one of them in a file of its own",
      );
  }
  throw new UserError(
    `weights.part: ${path} has no part "${role}"; it has ${samplable.map(told).join(", ")}`,
    "name one of those, or leave part out",
  );
}

/** "ema (under nnet_ema/)" */
export const told = ({ role, prefix }: EpgPart): string =>
  `${role ?? "unnamed"}${prefix === "" ? "" : ` (under ${prefix})`}`;

/** At most three of many names. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

function requireSame(path: string, part: EpgPart, expected: Shapes, size: string): void {
  const { misshapen, missing, surplus } = partDifferences(expected, part);
  const file = `weights: ${basename(path)}`;
  const fix = "`epg-bench inspect` tells which size it is; name that, its resolution and its classes";
  const [first] = misshapen;
  if (first)
    throw new UserError(
      `${file} is of another size: ${part.prefix}${first.name} is [${first.found.join(", ")}], ${size} has [${first.expected.join(", ")}]${misshapen.length > 1 ? `; so are ${misshapen.length - 1} more parameters` : ""}`,
      fix,
    );
  if (missing.length > 0)
    throw new UserError(`${file} lacks ${missing.length} parameters of ${size}: ${some(missing)}`, fix);
  if (surplus.length > 0)
    throw new UserError(
      `${file} has ${surplus.length} parameters that ${size} has not: ${some(surplus)}`,
      fix,
    );
}

/** One tensor after another, so that no more than the weights and one tensor are in memory. */
async function readPart(
  path: string,
  file: TensorFile,
  part: EpgPart,
  states: readonly State[],
): Promise<Tensors> {
  const read: Record<string, Tensor> = {};
  try {
    for (const { name, value } of states) {
      const array = await readTensor(file.tensors.get(part.prefix + name)!);
      read[name] = { dtype: "float32", shape: value.shape, data: toFloat32(array) };
    }
    return read;
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`weights: ${error.message}`, `replace ${path}`);
    throw error;
  }
}
