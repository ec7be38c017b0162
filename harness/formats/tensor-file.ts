/** What every file of tensors looks like once it is open: names and shapes at hand, bytes on demand. */
import { collect } from "./layout.ts";
import {
  asElements,
  bytesPerElement,
  type ElementType,
  elementsOf,
  type NumericArray,
} from "./numeric-array.ts";

/** A tensor whose bytes are still in the file. */
export interface LazyTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /**
   * Its bytes, row-major and little-endian, in pieces. What the file knows of their soundness (a length, a
   * checksum) is checked by the end of them.
   * @throws FormatError
   */
  content(): AsyncIterable<Uint8Array>;
  /** The same in one, without a copy, where the file has it so. */
  whole?(): Promise<Uint8Array>;
}

/** The plain facts of a pickle: integers beyond 2⁵³ are bigints, sets and tuples are lists. */
export type PlainValue = null | boolean | number | bigint | string | Uint8Array | readonly PlainValue[];

export interface TensorFile {
  /** npy, npz, safetensors, safetensors-sharded, torch-zip, torch-legacy, pickle; the last three with -numpy where their arrays are NumPy's. */
  readonly format: string;
  /**
   * In the file's order. The name is "" for an npy file, a member's name without .npy in an npz, and in a
   * pickle the path of keys and indices, joined by "/".
   */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** What a pickle holds beside its tensors, by like paths. */
  readonly values: ReadonlyMap<string, PlainValue>;
  /** Texts of a safetensors file's own. */
  readonly metadata: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** A file that may lack some of the parts. */
export const tensorFile = (
  format: string,
  file: { close(): Promise<void> },
  parts: Partial<Omit<TensorFile, "format" | "close">>,
): TensorFile => ({
  format,
  tensors: new Map(),
  values: new Map(),
  metadata: new Map(),
  ...parts,
  close: () => file.close(),
});

export const denseBytes = ({ dtype, shape }: Pick<LazyTensor, "dtype" | "shape">): number =>
  (elementsOf(shape) ?? Number.NaN) * bytesPerElement(dtype);

/** One tensor, whole in memory. */
export async function readTensor(tensor: LazyTensor): Promise<NumericArray> {
  const { dtype, shape } = tensor;
  const bytes = await (tensor.whole?.() ?? collect(tensor.content(), denseBytes(tensor)));
  return { dtype, shape, data: asElements(dtype, bytes) };
}
