/** NumPy's arrays, scalars and types in pickles, under the module names of NumPy 1 and 2. */
import { columnMajorStrides, rowMajorBytes, rowMajorStrides, swapped } from "./layout.ts";
import { elementTypeOf } from "./npy-header.ts";
import { asElements, bytesPerElement, type ElementType, elementsOf, toFloat64 } from "./numeric-array.ts";
import { Buildable, brief, PickleError, wholeNumbers } from "./pickle-objects.ts";
import { type GlobalTable, globalTable } from "./python-names.ts";
import type { LazyTensor } from "./tensor-file.ts";

/** An array whose bytes are in the pickle. */
export class NumpyArray extends Buildable implements LazyTensor {
  // Empty until its state is built, as NumPy's own is.
  dtype: ElementType = "int8";
  shape: readonly number[] = [0];
  #bytes: Uint8Array = new Uint8Array(0);
  #bigEndian = false;
  #columnMajor = false;

  /** @param state version, shape, type, Fortran order, bytes (numpy/core/src/multiarray/methods.c, array_setstate) */
  build(state: unknown): void {
    if (!Array.isArray(state) || state.length !== 5)
      throw new PickleError(`an array's state of ${brief(state)}`);
    const [, shape, type, columnMajor, bytes] = state;
    if (typeof columnMajor !== "boolean") throw new PickleError(`Fortran order is ${brief(columnMajor)}`);
    this.fill(bytes, type, shape, columnMajor);
  }

  fill(bytes: unknown, type: unknown, shape: unknown, columnMajor: boolean): this {
    if (!(type instanceof NumpyType)) throw new PickleError(`an array's type is ${brief(type)}`);
    if (!(bytes instanceof Uint8Array)) throw new PickleError(`an array's bytes are ${brief(bytes)}`);
    const sides = wholeNumbers(shape, "an array's shape");
    const expected = (elementsOf(sides) ?? Number.NaN) * bytesPerElement(type.dtype);
    if (bytes.length !== expected)
      throw new PickleError(
        `an array of shape (${sides.join(", ")}) and type ${type.dtype} has ${bytes.length} bytes, it takes ${expected}`,
      );
    this.dtype = type.dtype;
    this.shape = sides;
    this.#bytes = bytes;
    this.#bigEndian = type.bigEndian;
    this.#columnMajor = columnMajor;
    return this;
  }

  content(): AsyncIterable<Uint8Array> {
    const strides = (this.#columnMajor ? columnMajorStrides : rowMajorStrides)(this.shape);
    return rowMajorBytes(once(this.#bytes), {
      dtype: this.dtype,
      shape: this.shape,
      strides,
      bigEndian: this.#bigEndian,
    });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

class NumpyType extends Buildable {
  readonly dtype: ElementType;
  bigEndian = false;

  constructor(code: unknown) {
    super();
    const dtype = typeof code === "string" ? elementTypeOf(code) : undefined;
    if (typeof code === "string" && code.startsWith("O"))
      throw new PickleError("an array of Python objects, which is never loaded");
    if (!dtype)
      throw new PickleError(`an array of type ${brief(code)}: booleans, integers and real floats are read`);
    this.dtype = dtype;
  }

  /** @param state version, byte order, … (numpy/core/src/multiarray/descriptor.c, arraydescr_setstate) */
  build(state: unknown): void {
    const order = Array.isArray(state) ? state[1] : undefined;
    if (typeof order !== "string" || !"<>|=".includes(order))
      throw new PickleError(`a type's byte order is ${brief(order)}`);
    this.bigEndian = order === ">";
  }
}

/** A scalar becomes a plain value. */
function scalar([type, bytes]: readonly unknown[]): number | bigint | boolean {
  if (!(type instanceof NumpyType)) throw new PickleError(`a scalar's type is ${brief(type)}`);
  const { dtype, bigEndian } = type;
  const size = bytesPerElement(dtype);
  if (!(bytes instanceof Uint8Array) || bytes.length !== size)
    throw new PickleError(`a scalar of type ${dtype} from ${brief(bytes)}`);
  const data = asElements(dtype, bigEndian ? swapped(bytes, size) : bytes);
  const value = data instanceof BigInt64Array || data instanceof BigUint64Array ? data[0]! : null;
  if (value !== null) return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  const number = toFloat64({ dtype, shape: [], data })[0]!;
  return dtype === "bool" ? number !== 0 : number;
}

function fromBuffer([buffer, type, shape, order]: readonly unknown[]): NumpyArray {
  if (order !== "C" && order !== "F") throw new PickleError(`an array's order is ${brief(order)}`);
  return new NumpyArray().fill(buffer, type, shape, order === "F");
}

export const NUMPY_NAMES: GlobalTable = globalTable({
  "numpy.ndarray": null,
  "numpy.dtype": ([code]) => new NumpyType(code),
  "numpy.core.multiarray._reconstruct": () => new NumpyArray(),
  "numpy._core.multiarray._reconstruct": () => new NumpyArray(),
  "numpy.core.multiarray.scalar": scalar,
  "numpy._core.multiarray.scalar": scalar,
  "numpy.core.numeric._frombuffer": fromBuffer,
  "numpy._core.numeric._frombuffer": fromBuffer,
});
