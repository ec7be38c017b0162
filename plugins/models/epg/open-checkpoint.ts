/** Opening a checkpoint for the network that is wanted: all names and shapes are compared before any number is read. */
import { basename } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import type { PartRole, Shapes } from "../../../harness/formats/state-dict.ts";
import { readTensor, type TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { State, Tensor, Tensors } from "../../../harness/program/index.ts";
import {
  ANCHOR,
  DECODER,
  type EpgPart,
  encoderParts,
  epgParts,
  PROJECTOR,
  partDifferences,
  shapesOf,
  told,
} from "./checkpoint.ts";

/** What a file is opened for. */
export interface Wanted {
  /** The option that names the file, for errors. */
  readonly option: string;
  readonly kind: EpgPart["kind"];
  readonly states: readonly State[];
  /** What errors call it. */
  readonly title: string;
  /** Which part is meant where none is named, the best first; null: one that nothing tells the role of. */
  readonly preferred: readonly (PartRole | null)[];
}

export interface OpenCheckpoint {
  readonly part: EpgPart;
  read(): Promise<Tensors>;
  close(): Promise<void>;
}

/**
 * @param role the part that is wanted; null: the first of those preferred that there is
 * @throws UserError
 */
export async function openCheckpoint(
  path: string,
  wanted: Wanted,
  role: PartRole | null,
): Promise<OpenCheckpoint> {
  const { option, states } = wanted;
  const file = await opened(path, option);
  try {
    const part = chosen(path, file, wanted, role);
    requireSame(path, part, shapesOf(states), wanted);
    return { part, read: () => readPart(path, file, part, wanted), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function opened(path: string, option: string): Promise<TensorFile> {
  try {
    return await openTensors(path);
  } catch (error) {
    if (error instanceof FormatError)
      throw new UserError(`${option}: ${error.message}`, "give a sound checkpoint");
    if (error instanceof Error && "syscall" in error)
      throw new UserError(`${option}: ${path} cannot be read: ${error.message}`, "check the path");
    throw error;
  }
}

function chosen(
  path: string,
  file: TensorFile,
  { option, kind, preferred }: Wanted,
  role: PartRole | null,
): EpgPart {
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const named = { path, shapes, metadata: file.metadata };
  const all = epgParts(named);
  const parts = kind === "encoder" ? encoderParts(named) : all.filter((part) => part.kind === kind);
  if (parts.length === 0) throw noPart(`${option}: ${path}`, file, kind, all.length > 0);
  for (const one of role === null ? preferred : [role]) {
    const found = parts.filter((part) => part.role === one);
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw new UserError(
        `${option}: ${path} holds ${found.length} parts that could be meant: ${found.map(told).join(", ")}`,
        "keep one of them in a file of its own",
      );
  }
  throw new UserError(
    `${option}.part: ${path} has no part "${role}"; it has ${parts.map(told).join(", ")}`,
    "name one of those, or leave part out",
  );
}

function noPart(file: string, { format, tensors }: TensorFile, kind: EpgPart["kind"], other: boolean) {
  if (!other)
    return new UserError(
      `${file} (${format}, ${tensors.size} tensors) holds no EPG: nothing in it is named ${ANCHOR} beside ${DECODER}… or ${PROJECTOR}…`,
      "`epg-bench inspect` tells what it holds",
    );
  return kind === "encoder"
    ? new UserError(
        `${file} holds a fine-tuned model (${DECODER}…), no pre-trained encoder`,
        "give the checkpoint of pre-training, or sample from this one: `weights` of the entry",
      )
    : new UserError(
        `${file} holds a pre-trained encoder (${PROJECTOR}…) without a decoder: nothing can be sampled from it`,
        "give the checkpoint of a fine-tuned model, or fine-tune this one: `pretraining: { weights: … }`",
      );
}

/** At most three of many names. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

function requireSame(path: string, part: EpgPart, expected: Shapes, { option, title }: Wanted): void {
  const { misshapen, missing, surplus } = partDifferences(expected, part);
  const file = `${option}: ${basename(path)}`;
  const fix = "`epg-bench inspect` tells which size it is; name that, its resolution and its classes";
  const [first] = misshapen;
  if (first)
    throw new UserError(
      `${file} is of another size: ${part.prefix}${first.name} is [${first.found.join(", ")}], ${title} has [${first.expected.join(", ")}]${misshapen.length > 1 ? `; so are ${misshapen.length - 1} more parameters` : ""}`,
      fix,
    );
  if (missing.length > 0)
    throw new UserError(`${file} lacks ${missing.length} parameters of ${title}: ${some(missing)}`, fix);
  if (surplus.length > 0)
    throw new UserError(
      `${file} has ${surplus.length} parameters that ${title} has not: ${some(surplus)}`,
      fix,
    );
}

/** One tensor after another, so that no more than the weights and one tensor are in memory. */
async function readPart(
  path: string,
  file: TensorFile,
  part: EpgPart,
  { option, states }: Wanted,
): Promise<Tensors> {
  const read: Record<string, Tensor> = {};
  try {
    for (const { name, value } of states) {
      const array = await readTensor(file.tensors.get(part.prefix + name)!);
      read[name] = { dtype: "float32", shape: value.shape, data: toFloat32(array) };
    }
    return read;
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`${option}: ${error.message}`, `replace ${path}`);
    throw error;
  }
}
