/** Arrays of numbers as files hold them: an element type, a shape, row-major data on a little-endian machine. */

export type NumericData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** What holds each element type; the 16-bit floats as their bits, a bool as one byte. */
const STORAGE = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export type ElementType = keyof typeof STORAGE;

export interface NumericArray {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: NumericData;
}

export const bytesPerElement = (dtype: ElementType): number => STORAGE[dtype].BYTES_PER_ELEMENT;

/** 0, 1, 2, … as far as floats are exact. */
export const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Elements of a shape as a file declares it.
 * @returns null where a side is not a whole number ≥ 0, or the product passes 2⁵³
 */
export function elementsOf(shape: readonly unknown[]): number | null {
  let elements = 1;
  for (const side of shape) {
    if (!isWhole(side)) return null;
    elements *= side;
    if (!isWhole(elements)) return null;
  }
  return elements;
}

/** Little-endian bytes as elements: a view of them where their place in memory allows, otherwise a copy. */
export function asElements(dtype: ElementType, bytes: Uint8Array): NumericData {
  const Storage = STORAGE[dtype];
  const aligned = bytes.byteOffset % Storage.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Storage(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / Storage.BYTES_PER_ELEMENT,
  );
}

export const asBytes = (data: NumericData): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The bytes of an array about to be written. Throws where its data are not what its type and shape say. */
export function checkedBytes(name: string, { dtype, shape, data }: NumericArray): Uint8Array {
  if (!(data instanceof STORAGE[dtype]))
    throw new TypeError(`${name}: ${dtype} is held by ${STORAGE[dtype].name}, got ${data.constructor.name}`);
  if (data.length !== elementsOf(shape))
    throw new RangeError(`${name}: ${data.length} elements do not fill the shape [${shape.join(", ")}]`);
  return asBytes(data);
}

/** The values in float32: 16-bit floats exactly, the others to nearest. May be the array's own data. */
export function toFloat32({ dtype, data }: NumericArray): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "float16") return Float32Array.from(data as Uint16Array, halfValue);
  if (dtype === "bfloat16")
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  return Float32Array.from<number | bigint>(data, Number);
}

/** The values in float64: all types exactly, but for integers beyond 2⁵³. May be the array's own data. */
export function toFloat64(array: NumericArray): Float64Array {
  if (array.data instanceof Float64Array) return array.data;
  // Forty times as fast as an element at a time.
  if (array.data instanceof Float32Array) return new Float64Array(array.data);
  if (array.dtype === "float16" || array.dtype === "bfloat16") return Float64Array.from(toFloat32(array));
  return Float64Array.from<number | bigint>(array.data, Number);
}

/** IEEE 754 binary16: one sign bit, five of exponent (bias 15), ten of fraction. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
