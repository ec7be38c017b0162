/** The published tensors by their PyTorch names, checked one by one, whatever the file they came in. */
import { UserError } from "../../../harness/errors.ts";
import { type NumericArray, toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { CLASSES, type Convolution, FEATURES } from "./network.ts";
import { foldedUnit, inceptionProgram } from "./program.ts";

/** A tensor of a file, made when it is read. */
interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  read(): NumericArray | Promise<NumericArray>;
}

export type StoredTensors = Readonly<Record<string, StoredTensor>>;

/** Every float32 tensor of the state dict, row-major, in its published order. */
export type StateDict = ReadonlyMap<string, Float32Array>;

/** The 94 convolutions in the order of the state dict. */
export const CONVOLUTIONS: readonly Convolution[] = convolutions();

function convolutions(): Convolution[] {
  const found: Convolution[] = [];
  inceptionProgram(["2048"], 1, (p) => (x, convolution) => {
    found.push(convolution);
    return foldedUnit(p)(x, convolution);
  });
  return found;
}

/** A tensor as a file is to hold it. */
export interface Expected {
  /** Its name in the state dict. */
  readonly name: string;
  /** Its name and shape in the file. */
  readonly stored: string;
  readonly shape: readonly number[];
  /** From the file's layout to the state dict's. */
  readonly arrange: (data: Float32Array) => Float32Array;
}

export const asIs = (data: Float32Array): Float32Array => data;

/** What a PyTorch state dict holds, `num_batches_tracked` apart. */
export function expectedStateDict(): Expected[] {
  const tensor = (name: string, shape: readonly number[]): Expected => ({
    name,
    stored: name,
    shape,
    arrange: asIs,
  });
  return [
    ...CONVOLUTIONS.flatMap(({ name, out, in: channels, kernel }) => [
      tensor(`${name}.conv.weight`, [out, channels, ...kernel]),
      ...["weight", "bias", "running_mean", "running_var"].map((part) => tensor(`${name}.bn.${part}`, [out])),
    ]),
    tensor("fc.weight", [CLASSES, FEATURES]),
    tensor("fc.bias", [CLASSES]),
  ];
}

const FLOATS = new Set(["float32", "float16", "bfloat16"]);
const isScale = ({ name }: Expected): boolean => name.endsWith(".bn.weight");

/**
 * The expected tensors of a file. Batch norms' scales γ may be left out, all of them: NVIDIA's conversion
 * has none, and then they are 1.
 * @param belongs whether a tensor that is not expected is a surplus one, or none of the network's
 * @throws UserError naming what is missing, surplus or of another shape or type
 */
export async function takeStateDict(
  file: string,
  stored: StoredTensors,
  expected: readonly Expected[],
  belongs: (name: string) => boolean,
): Promise<StateDict> {
  const names = new Set(expected.map((tensor) => tensor.stored));
  const unscaled = !expected.some((tensor) => isScale(tensor) && Object.hasOwn(stored, tensor.stored));
  const missing = expected.filter(
    (tensor) => !Object.hasOwn(stored, tensor.stored) && !(unscaled && isScale(tensor)),
  );
  refuse(
    file,
    "lacks",
    missing.map((tensor) => tensor.stored),
  );
  refuse(
    file,
    "also has",
    Object.keys(stored).filter((name) => !names.has(name) && belongs(name)),
  );
  const dict = new Map<string, Float32Array>();
  for (const { name, stored: key, shape, arrange } of expected) {
    const from = stored[key];
    if (from && (from.shape.join() !== shape.join() || !FLOATS.has(from.dtype)))
      throw otherNetwork(`${file}: ${key} is ${from.dtype} [${from.shape}], and must be float32 [${shape}]`);
    dict.set(name, from ? arrange(toFloat32(await from.read())) : new Float32Array(shape[0]!).fill(1));
  }
  return dict;
}

function refuse(file: string, verb: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : "";
  throw otherNetwork(`${file} ${verb} ${names.slice(0, 3).join(", ")}${rest}`);
}

const otherNetwork = (problem: string): UserError =>
  new UserError(
    problem,
    "give the weights of Inception-v3 \"2015-12-05\" (TensorFlow's, or converted from them); torchvision's are another network",
  );
