/** How the elements of an array lie in a file, and the way from there to row-major, little-endian bytes. */
import { asBytes, asElements, bytesPerElement, type ElementType, elementsOf } from "./numeric-array.ts";

export interface Layout {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Elements from one index to the next along each axis; 0 repeats. */
  readonly strides: readonly number[];
  readonly bigEndian: boolean;
}

/** Strides of dense data whose last axis varies fastest. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  return columnMajorStrides(shape.toReversed()).reverse();
}

/** Strides of dense data whose first axis varies fastest. */
export function columnMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((side) => {
    const own = stride;
    stride *= side;
    return own;
  });
}

/** Bytes from the first element to the last, both included; NaN or beyond 2⁵³ where they are too many to count. */
export function spanBytes({ dtype, shape, strides }: Layout): number {
  if (elementsOf(shape) === 0) return 0;
  return shape.reduce((last, side, axis) => last + (side - 1) * strides[axis]!, 1) * bytesPerElement(dtype);
}

/**
 * The array's bytes in row-major, little-endian order. What lies so in the file passes through as it comes;
 * other layouts are turned in memory.
 * @param pieces the bytes of the span
 */
export async function* rowMajorBytes(
  pieces: AsyncIterable<Uint8Array>,
  layout: Layout,
): AsyncGenerator<Uint8Array> {
  const size = bytesPerElement(layout.dtype);
  const swap = layout.bigEndian && size > 1;
  if (!swap && isRowMajor(layout)) {
    yield* pieces;
    return;
  }
  const span = await collect(pieces, spanBytes(layout));
  yield gather(swap ? swapped(span, size) : span, size, layout.shape, layout.strides);
}

/** All pieces in one. They must come to `bytes` bytes. */
export async function collect(pieces: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  if (at !== bytes) throw new RangeError(`${at} bytes came where ${bytes} belong`);
  return all;
}

/** A copy with the bytes of each element turned round. */
export function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = Buffer.from(new Uint8Array(bytes).buffer);
  if (size === 2) copy.swap16();
  if (size === 4) copy.swap32();
  if (size === 8) copy.swap64();
  return copy;
}

function isRowMajor({ shape, strides }: Layout): boolean {
  const dense = rowMajorStrides(shape);
  return elementsOf(shape) === 0 || shape.every((side, axis) => side === 1 || strides[axis] === dense[axis]);
}

/** Whole words and never floats: a float's way through a register may change the bits of a NaN. */
const WORDS = { 1: "uint8", 2: "uint16", 4: "uint32" } as const;

/**
 * Elements picked out by strides, in row-major order.
 * @param size bytes of an element: 1, 2, 4 or 8
 */
export function gather(
  bytes: Uint8Array,
  size: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const words = size === 8 ? 2 : 1;
  const word = WORDS[(size / words) as keyof typeof WORDS];
  const from = asElements(word, bytes) as Uint32Array;
  const elements = elementsOf(shape) ?? Number.NaN;
  const to = asElements(word, new Uint8Array(elements * size)) as Uint32Array;
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < to.length; i += words) {
    for (let w = 0; w < words; w++) to[i + w] = from[at * words + w]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return asBytes(to);
}
