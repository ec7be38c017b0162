/** What the reference interpreter computes on: any element type held as float64, row-major. */
import { type Shape, sizeOf } from "../../harness/program/index.ts";

export interface Array64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Elements to move along one step of each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** start + Σ iₖ·strides[k] for every index (i₀, i₁, …) of `shape` in row-major order: any view is a gather by these. */
export function offsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  let found = Int32Array.of(start);
  shape.forEach((side, axis) => {
    const next = new Int32Array(found.length * side);
    found.forEach((offset, outer) => {
      for (let i = 0; i < side; i++) next[outer * side + i] = offset + i * strides[axis]!;
    });
    found = next;
  });
  return found;
}

/** Strides that read `from` as if it had been repeated to `to` by NumPy's rules. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** `data` at the given places. */
export function take(data: Float64Array, places: Int32Array): Float64Array {
  const taken = new Float64Array(places.length);
  for (let i = 0; i < places.length; i++) taken[i] = data[places[i]!]!;
  return taken;
}

/** x repeated to `shape`. */
export const expand = (x: Array64, shape: Shape): Float64Array =>
  x.data.length === sizeOf(shape) ? x.data : take(x.data, offsets(shape, broadcastStrides(x.shape, shape)));
