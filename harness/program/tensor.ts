/**
 * The words every part of a program is written in: element types, shapes, tensors in host memory,
 * symbolic values, the nodes that make them, and the record an operation is.
 */

/** Of tensors in host memory. */
export type HostDType = "float32" | "int32" | "bool";
/** "bfloat16" is of values within a program alone: its inputs, states and outputs are of the other types. */
export type DType = HostDType | "bfloat16";
export type Shape = readonly number[];
export type TensorData = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A tensor in host memory, row-major. "float32" data may be a Float64Array on the reference interpreter. */
export interface Tensor {
  readonly dtype: HostDType;
  readonly shape: Shape;
  readonly data: TensorData;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** What an operation knows of a value before anything is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A symbolic tensor: output `index` of `node`, or (node null) an input or a state of a program. */
export interface Value extends TensorType {
  readonly id: number;
  readonly node: Node | null;
  readonly index: number;
}

export type Attribute = number | boolean | string | readonly number[] | TensorData;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

/** Work of one node. `macs`: multiply-accumulates of products; `elementwise`: floating-point operations beside them. */
export interface Cost {
  readonly macs: number;
  readonly elementwise: number;
}

/** What a lowering rule may call; names are the strings ONNX nodes are wired by. */
export interface OnnxEmitter {
  /** Adds one ONNX node and returns the names of its outputs. */
  node(
    type: string,
    inputs: readonly string[],
    options?: {
      attributes?: Readonly<Record<string, number | string | readonly number[] | { int: number }>>;
      outputs?: number;
      domain?: string;
    },
  ): readonly string[];
  /** A constant of ONNX type int64, as shapes and axes are. */
  int64(values: readonly number[], shape?: Shape): string;
  constant(tensor: Tensor): string;
}

/** Writes a node of a program as nodes of ONNX, from the names of its inputs; returns those of its outputs. */
export type OnnxLowering = (emit: OnnxEmitter, inputs: readonly string[], node: Node) => readonly string[];

/** How ranks hold a tensor: cut among them along an axis, each a part of a sum, or (null) each the whole. */
export type Placement = number | "sum" | null;

/** A way in which ranks share an operation's work: given inputs held so, each one's outputs are held so. */
export interface Cut {
  /** "any": whatever way it is held in. */
  readonly inputs: readonly (Placement | "any")[];
  readonly outputs: readonly Placement[];
}

/** One operation, whole: nothing about it is written elsewhere. */
export interface Op {
  readonly name: string;
  /** Output types from input types. Throws a `ShapeError` naming the rule and what it got. */
  readonly shape: (inputs: readonly TensorType[], attributes: Attributes) => readonly TensorType[];
  /**
   * Gradient of each input, given that of each output (null: the output does not reach the loss); "decompose" where
   * it is that of the decomposition.
   */
  readonly gradient:
    | ((node: Node, outputGradients: readonly (Value | null)[]) => readonly (Value | null)[])
    | "decompose";
  /** The gradient rule takes in every output's gradient; without this only the first output is differentiated. */
  readonly everyOutput?: true;
  /** Each number of the output depends on those at its own place alone, inputs broadcast by NumPy's rules. */
  readonly pointwise?: true;
  /** The gradient rule makes the decomposition's parts of its input, so that where it does, they are computed once. */
  readonly sharesParts?: true;
  /**
   * Ways in which ranks can share it, beside those of a pointwise operation. Sides that the ranks do not divide are left out
   * by who asks. An attribute `shape` is that of the output.
   */
  readonly cuts?: (
    inputs: readonly TensorType[],
    outputs: readonly TensorType[],
    attributes: Attributes,
  ) => readonly Cut[];
  readonly cost: (
    inputs: readonly TensorType[],
    outputs: readonly TensorType[],
    attributes: Attributes,
  ) => Cost;
  /** ONNX nodes for it; "decompose" where only the decomposition is lowered. */
  readonly onnx: OnnxLowering | "decompose";
  /** The same mathematics in smaller operations (composite operations only). */
  readonly decompose?: (inputs: readonly Value[], attributes: Attributes) => readonly Value[];
  /** The gradient is that of the decomposition computed anew, once the gradient of the output is there. */
  readonly recomputed?: true;
}

export class ShapeError extends Error {
  override name = "ShapeError";
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

/** The element type of a value that crosses to or from host memory. */
export function hostType({ dtype }: TensorType): HostDType {
  if (dtype === "bfloat16") throw new ShapeError("a bfloat16 value has no tensor in host memory: cast it");
  return dtype;
}

const BYTES: Readonly<Record<DType, number>> = { float32: 4, bfloat16: 2, int32: 4, bool: 1 };

export const bytesOf = ({ dtype, shape }: TensorType): number => sizeOf(shape) * BYTES[dtype];

let nextId = 0;

/** What `make` makes, and how to tell values that were there before. */
export function since<T>(make: () => T): { readonly made: T; readonly isOlder: (value: Value) => boolean } {
  const first = nextId;
  return { made: make(), isOlder: ({ id }) => id < first };
}

function requireSides(name: string, shape: Shape): void {
  if (!shape.every((side) => Number.isInteger(side) && side > 0))
    throw new ShapeError(`${name}: sides must be whole numbers ≥ 1, got [${shape}]`);
}

/** A value no node makes: an input or a state. */
export function leaf(name: string, shape: Shape, dtype: DType): Value {
  requireSides(name, shape);
  return { id: nextId++, node: null, index: 0, shape, dtype };
}

/** Applies an operation to values: checks shapes, makes the node, returns its outputs. */
export function applyAll(op: Op, inputs: readonly Value[], attributes: Attributes = {}): readonly Value[] {
  const outputs: Value[] = [];
  const node: Node = { op, inputs, attributes, outputs };
  op.shape(inputs, attributes).forEach(({ shape, dtype }, index) => {
    requireSides(op.name, shape);
    outputs.push({ id: nextId++, node, index, shape, dtype });
  });
  return outputs;
}

/** `applyAll` for an operation with one output. */
export function apply(op: Op, inputs: readonly Value[], attributes: Attributes = {}): Value {
  return applyAll(op, inputs, attributes)[0]!;
}
