/**
 * The reference: a program run in float64 by the operations' definitions, loops and formulas as a textbook has
 * them. Slow, and independent of every lowering and decomposition, so that those can be held against it.
 */
import {
  hostType,
  type OpName,
  type Program,
  type Tensor,
  type TensorData,
  type Tensors,
  type TensorType,
  type Value,
} from "../../harness/program/index.ts";
import type { Array64 } from "./array.ts";
import { elementwise } from "./kernels/elementwise.ts";
import type { Kernel } from "./kernels/kernel.ts";
import { movement } from "./kernels/movement.ts";
import { normalizations } from "./kernels/normalization.ts";
import { products } from "./kernels/products.ts";
import { reductions } from "./kernels/reduction.ts";

const KERNELS: { readonly [P in OpName]: Kernel } = {
  ...elementwise,
  ...movement,
  ...normalizations,
  ...products,
  ...reductions,
};

export interface Interpretation {
  readonly outputs: Tensors;
  /** The state after the run: all updates applied together. */
  readonly state: Tensors;
}

type Runnable = Pick<Program, "inputs" | "states" | "nodes" | "outputs" | "updates">;

/** Runs `program` once. Throws on an input or state that is missing or of another shape. */
export function interpret(program: Runnable, inputs: Tensors, state: Tensors = {}): Interpretation {
  const values = new Map<Value, Array64>();
  const bind = (what: string, value: Value, tensor: Tensor | undefined): void => {
    if (tensor?.shape.join() !== value.shape.join())
      throw new Error(`${what} is [${value.shape}], got ${tensor ? `[${tensor.shape}]` : "nothing"}`);
    values.set(value, { shape: value.shape, data: Float64Array.from(tensor.data) });
  };
  for (const [name, value] of Object.entries(program.inputs)) bind(`input ${name}`, value, inputs[name]);
  for (const { name, value } of program.states) bind(`state ${name}`, value, state[name]);

  for (const node of program.nodes) {
    const kernel = KERNELS[node.op.name as OpName];
    const results = kernel(
      node.inputs.map((input) => values.get(input)!),
      node.outputs.map(({ shape }) => shape),
      node.attributes,
    );
    node.outputs.forEach((output, i) => {
      values.set(output, { shape: output.shape, data: results[i]! });
    });
  }

  const result = (value: Value): Tensor => toTensor(value, values.get(value)!.data);
  return {
    outputs: Object.fromEntries(
      Object.entries(program.outputs).map(([name, value]) => [name, result(value)]),
    ),
    state: {
      ...state,
      ...Object.fromEntries(program.updates.map(({ name, value }) => [name, result(value)])),
    },
  };
}

const DATA: { readonly [D in Tensor["dtype"]]: (data: Float64Array) => TensorData } = {
  float32: (data) => data.slice(),
  int32: (data) => Int32Array.from(data),
  bool: (data) => Uint8Array.from(data),
};

const toTensor = (type: TensorType, data: Float64Array): Tensor => ({
  dtype: hostType(type),
  shape: type.shape,
  data: DATA[hostType(type)](data),
});
