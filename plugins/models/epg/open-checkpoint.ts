/** Opening a checkpoint for the network that is wanted: all names and shapes are compared before any number is read. */
import { UserError } from "../../../harness/errors.ts";
import type { PartRole } from "../../../harness/formats/state-dict.ts";
import type { TensorFile } from "../../../harness/formats/tensor-file.ts";
import type { State, Tensors } from "../../../harness/program/index.ts";
import {
  chosenPart,
  OtherNetwork,
  openWeights,
  readWeights,
  requireSame,
  shapesOf,
} from "../../../harness/weights/weights-file.ts";
import {
  ANCHOR,
  DECODER,
  type EpgPart,
  encoderParts,
  epgParts,
  PROJECTOR,
  partDifferences,
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

const FIX = "name the size, resolution and classes that it is of, or another file";

/**
 * @param role the part that is wanted; null: the first of those preferred that there is
 * @throws UserError
 */
export async function openCheckpoint(
  path: string,
  wanted: Wanted,
  role: PartRole | null,
): Promise<OpenCheckpoint> {
  const { option, states, title } = wanted;
  const source = { path, option };
  const file = await openWeights(source);
  try {
    const part = chosen(path, file, wanted, role);
    const { misshapen, ...others } = partDifferences(shapesOf(states), part);
    const inFile = misshapen.map((one) => ({ ...one, name: part.prefix + one.name }));
    requireSame(source, { ...others, misshapen: inFile }, { title, noun: "parameters", fix: FIX });
    const taken = states.map(({ name, value: { shape } }) => ({
      name,
      shape,
      tensor: file.tensors.get(part.prefix + name)!,
    }));
    return { part, read: () => readWeights(source, taken), close: () => file.close() };
  } catch (error) {
    await file.close();
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
  return chosenPart({ path, option }, parts, { role, preferred, noun: "parts", told });
}

function noPart(file: string, { format, tensors }: TensorFile, kind: EpgPart["kind"], other: boolean) {
  if (!other)
    return new OtherNetwork(
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
