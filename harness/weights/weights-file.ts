/** A file of weights that an option names: opened, compared with the network that is wanted, read. Errors begin with the option. */
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { toFloat32 } from "../formats/numeric-array.ts";
import { openTensors } from "../formats/open-tensors.ts";
import type { Differences, PartRole, Shape, Shapes } from "../formats/state-dict.ts";
import { type LazyTensor, readTensor, type TensorFile } from "../formats/tensor-file.ts";
import type { State, Tensor, Tensors } from "../program/index.ts";

export interface WeightsFile {
  readonly path: string;
  /** "guidance.weights" */
  readonly option: string;
}

/** A file holds another network than is wanted, or another size of it; who knows all families may add what it looks like. */
export class OtherNetwork extends UserError {}

/** @throws UserError for a file that cannot be read or is damaged */
export async function openWeights({ path, option }: WeightsFile): Promise<TensorFile> {
  try {
    return await openTensors(path);
  } catch (error) {
    if (error instanceof FormatError)
      throw new UserError(`${option}: ${error.message}`, "give a sound checkpoint");
    if (error instanceof Error && "syscall" in error)
      throw new UserError(
        `${option}: ${path} cannot be read: ${error.message}`,
        "give its path from the config's folder",
      );
    throw error;
  }
}

/** Which of a file's parts is meant. */
export interface Choice<Part> {
  /** The role that is asked for; null: the first of those preferred that there is. */
  readonly role: PartRole | null;
  /** The best first; null: one that nothing tells the role of. */
  readonly preferred: readonly (PartRole | null)[];
  /** What errors call the parts, and one of them: "parts", "ema (under nnet_ema/)". */
  readonly noun: string;
  told(part: Part): string;
}

/**
 * @param parts at least one
 * @throws UserError where none is meant, or more than one could be
 */
export function chosenPart<Part extends { readonly role: PartRole | null }>(
  { path, option }: WeightsFile,
  parts: readonly Part[],
  { role, preferred, noun, told }: Choice<Part>,
): Part {
  for (const one of role === null ? preferred : [role]) {
    const found = parts.filter((part) => part.role === one);
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw new UserError(
        `${option}: ${path} holds ${found.length} ${noun} that could be meant: ${found.map(told).join(", ")}`,
        "keep one of them in a file of its own",
      );
  }
  throw new UserError(
    `${option}.part: ${path} has no part "${role}"; it has ${parts.map(told).join(", ")}`,
    "name one of those, or leave part out",
  );
}

/** What a network's states are called, and their shapes. */
export const shapesOf = (states: readonly State[]): Shapes =>
  new Map(states.map(({ name, value }) => [name, value.shape]));

/** At most three of many names. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

/**
 * @param network what errors call what is wanted and what it is made of ("EPG tiny at 32 px", "parameters"), and their fix
 * @throws OtherNetwork for any difference: the first of another shape, or up to three names
 */
export function requireSame(
  { path, option }: WeightsFile,
  { misshapen, missing, surplus }: Differences,
  { title, noun, fix }: { readonly title: string; readonly noun: string; readonly fix: string },
): void {
  const file = `${option}: ${basename(path)}`;
  const [first] = misshapen;
  if (first)
    throw new OtherNetwork(
      `${file} is of another size: ${first.name} is [${first.found.join(", ")}], ${title} has [${first.expected.join(", ")}]${misshapen.length > 1 ? `; so are ${misshapen.length - 1} more ${noun}` : ""}`,
      fix,
    );
  if (missing.length > 0)
    throw new OtherNetwork(`${file} lacks ${missing.length} ${noun} of ${title}: ${some(missing)}`, fix);
  if (surplus.length > 0)
    throw new OtherNetwork(
      `${file} has ${surplus.length} ${noun} that ${title} has not: ${some(surplus)}`,
      fix,
    );
}

/** A tensor of the file, and what it is called and shaped where it is used. */
export interface Taken {
  readonly name: string;
  readonly shape: Shape;
  readonly tensor: LazyTensor;
}

/** In float32, one tensor after another, so that no more than the weights and one tensor are in memory. @throws UserError */
export async function readWeights({ path, option }: WeightsFile, taken: Iterable<Taken>): Promise<Tensors> {
  const read: Record<string, Tensor> = {};
  try {
    for (const { name, shape, tensor } of taken)
      read[name] = { dtype: "float32", shape, data: toFloat32(await readTensor(tensor)) };
    return read;
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(`${option}: ${error.message}`, `replace ${path}`);
    throw error;
  }
}
