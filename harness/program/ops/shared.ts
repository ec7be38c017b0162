/** Rules several operations share: broadcasting, axes, and element-wise cost. */
import type { Cost, Cut, OnnxEmitter, Shape, TensorType } from "../tensor.ts";
import { ShapeError, sizeOf } from "../tensor.ts";

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(name: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new ShapeError(`${name}: shapes must broadcast, got [${a}] and [${b}]`);
    return left === 1 ? right : left;
  });
}

/** Axes as non-negative, sorted, distinct numbers; empty means all. */
export function normalizeAxes(name: string, axes: readonly number[], rank: number): readonly number[] {
  if (axes.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (positive.some((axis, i) => axis < 0 || axis >= rank || axis === positive[i - 1]))
    throw new ShapeError(`${name}: axes must be distinct and within rank ${rank}, got [${axes}]`);
  return positive;
}

export function requireRank(name: string, type: TensorType, rank: number): void {
  if (type.shape.length !== rank)
    throw new ShapeError(`${name}: expected rank ${rank}, got shape [${type.shape}]`);
}

/** At least one axis, the last being that of the rows. */
export function requireRows(name: string, { shape }: TensorType): void {
  if (shape.length === 0) throw new ShapeError(`${name}: expected rank ≥ 1, got rank 0`);
}

export function requireShape(name: string, what: string, { shape }: TensorType, expected: Shape): void {
  if (shape.join() !== expected.join())
    throw new ShapeError(`${name}: ${what} must be [${expected}], got [${shape}]`);
}

export function requireEqual(name: string, what: string, a: number, b: number): void {
  if (a !== b) throw new ShapeError(`${name}: ${what} must be equal, got ${a} and ${b}`);
}

export function requireFloat(name: string, ...types: readonly TensorType[]): void {
  for (const { dtype } of types)
    if (dtype !== "float32") throw new ShapeError(`${name}: expected float32, got ${dtype}`);
}

/** `perElement` floating-point operations for each element of the first output. */
export const elementwiseCost =
  (perElement: number) =>
  (_inputs: readonly TensorType[], outputs: readonly TensorType[]): Cost => ({
    macs: 0,
    elementwise: perElement * sizeOf(outputs[0]!.shape),
  });

/** Moves data, computes nothing. */
export const freeCost = (): Cost => ({ macs: 0, elementwise: 0 });

/** The one input's `axes` are those of every output. */
export const sameAxes =
  (axes: (shape: Shape) => readonly number[]) =>
  (inputs: readonly TensorType[], outputs: readonly TensorType[]): readonly Cut[] =>
    axes(inputs[0]!.shape).map((axis) => ({
      inputs: inputs.map((_, i) => (i === 0 ? axis : null)),
      outputs: outputs.map(() => axis),
    }));

/** All but the last. */
export const leadingAxes = (shape: Shape): readonly number[] => [...shape.keys()].slice(0, -1);

/** Linear in all inputs together: of parts of sums it makes parts of a sum. */
export const partsOfSums = (inputs: readonly unknown[], outputs: readonly unknown[]): Cut => ({
  inputs: inputs.map(() => "sum"),
  outputs: outputs.map(() => "sum"),
});

/** An operation that is one ONNX node of the same inputs. */
export const onnxNode =
  (type: string) =>
  (emit: OnnxEmitter, inputs: readonly string[]): readonly string[] =>
    emit.node(type, inputs);

/** No input has a gradient. */
export const noGradient = (node: { inputs: readonly unknown[] }): null[] => node.inputs.map(() => null);
