/**
 * The reference: a program run in float64 by the operations' definitions, loops and formulas as a textbook has
 * them. Slow, and independent of every lowering and decomposition, so that those can be held against it.
 */
import type {
  DType,
  OpName,
  Program,
  Tensor,
  TensorData,
  Tensors,
  TensorType,
  Value,
} from "../../harness/program/index.ts";
import type { Array64 } from "./array.ts";
import { collectives } from "./kernels/collectives.ts";
import { elementwise } from "./kernels/elementwise.ts";
import type { Kernel } from "./kernels/kernel.ts";
import { movement } from "./kernels/movement.ts";
import { normalizations } from "./kernels/normalization.ts";
import { products } from "./kernels/products.ts";
import { reductions } from "./kernels/reduction.ts";

const KERNELS: { readonly [P in Exclude<OpName, keyof typeof collectives>]: Kernel } = {
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
export const interpret = (program: Runnable, inputs: Tensors, state: Tensors = {}): Interpretation =>
  interpretRanks(program, [{ inputs, state }])[0]!;

interface Given {
  readonly inputs: Tensors;
  readonly state: Tensors;
}

/** Runs the program of a rank once on every rank, node after node on all of them. */
export function interpretRanks(program: Runnable, ranks: readonly Given[]): Interpretation[] {
  const all = ranks.map((given) => bound(program, given));
  for (const { op, inputs, outputs, attributes } of program.nodes) {
    const read = all.map((values) => inputs.map((input) => values.get(input)!));
    const { world } = attributes;
    if (world !== undefined && world !== 1 && world !== ranks.length)
      throw new Error(`${op.name} is of ${world} ranks, there are ${ranks.length}`);
    const made = Object.hasOwn(collectives, op.name)
      ? communicated(
          op.name as keyof typeof collectives,
          read.map(([x]) => x!.data),
          world === 1,
        )
      : read.map((own) =>
          KERNELS[op.name as keyof typeof KERNELS](
            own,
            outputs.map(({ shape }) => shape),
            attributes,
          ),
        );
    all.forEach((values, rank) => {
      outputs.forEach((output, i) => {
        values.set(output, { shape: output.shape, data: made[rank]![i]! });
      });
    });
  }
  return all.map((values, rank) => results(program, values, ranks[rank]!.state));
}

const communicated = (
  name: keyof typeof collectives,
  all: readonly Float64Array[],
  alone: boolean,
): Float64Array[][] => (alone ? all : collectives[name](all)).map((data) => [data]);

type Values = Map<Value, Array64>;

function bound(program: Runnable, { inputs, state }: Given): Values {
  const values: Values = new Map();
  const bind = (what: string, value: Value, tensor: Tensor | undefined): void => {
    if (tensor?.shape.join() !== value.shape.join())
      throw new Error(`${what} is [${value.shape}], got ${tensor ? `[${tensor.shape}]` : "nothing"}`);
    values.set(value, { shape: value.shape, data: Float64Array.from(tensor.data) });
  };
  for (const [name, value] of Object.entries(program.inputs)) bind(`input ${name}`, value, inputs[name]);
  for (const { name, value } of program.states) bind(`state ${name}`, value, state[name]);
  return values;
}

function results({ outputs, updates }: Runnable, values: Values, state: Tensors): Interpretation {
  const result = (value: Value): Tensor => toTensor(value, values.get(value)!.data);
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, result(value)])),
    state: {
      ...state,
      ...Object.fromEntries(updates.map(({ name, value }) => [name, result(value)])),
    },
  };
}

const DATA: { readonly [D in DType]: (data: Float64Array) => TensorData } = {
  float32: (data) => data.slice(),
  int32: (data) => Int32Array.from(data),
  bool: (data) => Uint8Array.from(data),
};

const toTensor = ({ dtype, shape }: TensorType, data: Float64Array): Tensor => ({
  dtype,
  shape,
  data: DATA[dtype](data),
});
