/**
 * Computing in rows. A layer's products are of matrices [rows, width], its tensors have more axes, so between
 * them stand reshapes, which compute nothing but are nodes to run. What acts on each number, or along the
 * last axis, does the same to the matrix: so a reshape moves behind it, until two meet and cancel.
 */
import { reshape } from "../ops/shape.ts";
import { applyAll, type Node, type Shape, sizeOf, type TensorType, type Value } from "../tensor.ts";

/** A rewrite for `simplify`. */
export function inRows(node: Node, inputs: readonly Value[]): readonly Value[] | null {
  if (node.op.name === "reshape") return merged(node, inputs[0]!);
  if (!inputs.some(isReshapedMatrix) || !worksInRows(node)) return null;
  const lead = leadOf(node);
  const matrices = inputs.map((input) => asRows(input, lead));
  if (!matrices.every((matrix) => matrix !== null)) return null;
  const results = applyAll(node.op, matrices, attributesInRows(node));
  return results.map((result, i) => reshape(result, node.outputs[i]!.shape));
}

/** A reshape of a reshape is one, and none where it only leads back. */
const merged = (node: Node, input: Value): readonly Value[] | null =>
  input.node?.op.name === "reshape" ? [reshape(input.node.inputs[0]!, node.outputs[0]!.shape)] : null;

const isReshape = ({ node }: Value): boolean => node?.op.name === "reshape";

/** Seen from a matrix with the same last axis. */
function isReshapedMatrix(value: Value): boolean {
  if (!isReshape(value) || value.shape.length < 3) return false;
  const { shape } = value.node!.inputs[0]!;
  return shape.length === 2 && shape[1] === value.shape.at(-1);
}

/** Point-wise, a layer normalisation, or a reduction along the last axis or along all others. */
function worksInRows({ op, inputs, attributes }: Node): boolean {
  if (op.pointwise || op.name === "layerNorm") return true;
  if (op.name !== "sum" && op.name !== "max") return false;
  const axes = attributes.axes as readonly number[];
  const last = inputs[0]!.shape.length - 1;
  return (
    isLastKept(axes, last, attributes.keepDims as boolean) ||
    isAllButLast(axes, last, attributes.keepDims as boolean)
  );
}

const isLastKept = (axes: readonly number[], last: number, keepDims: boolean): boolean =>
  keepDims && axes.length === 1 && axes[0] === last;

const isAllButLast = (axes: readonly number[], last: number, keepDims: boolean): boolean =>
  !keepDims && axes.length === last && !axes.includes(last);

function attributesInRows({ op, inputs, attributes }: Node): Node["attributes"] {
  if (op.name !== "sum" && op.name !== "max") return attributes;
  const last = inputs[0]!.shape.length - 1;
  return { ...attributes, axes: (attributes.axes as readonly number[]).includes(last) ? [1] : [0] };
}

/** All axes but the last of what the node works on. */
const leadOf = ({ op, inputs, outputs }: Node): Shape =>
  (op.pointwise ? outputs[0]! : inputs[0]!).shape.slice(0, -1);

/** The value as rows: a matrix with as many as `lead` has places, or what is the same for every row; null: neither. */
function asRows(value: Value, lead: Shape): Value | null {
  if (value.shape.length <= 1) return value;
  if (!hasLead(value, lead)) return null;
  return reshape(isReshapedMatrix(value) ? value.node!.inputs[0]! : value, [
    sizeOf(lead),
    value.shape.at(-1)!,
  ]);
}

const hasLead = ({ shape }: TensorType, lead: Shape): boolean =>
  shape.length === lead.length + 1 && lead.every((side, axis) => shape[axis] === side);
