/** What a case of the conformance table is, and the tensors cases are made of. */
import {
  type Program,
  type Shape,
  sizeOf,
  type Tensor,
  type Tensors,
  trace,
  type Value,
} from "../../harness/program/index.ts";
import type { Cost, Op } from "../../harness/program/tensor.ts";

export interface OpCase {
  /** What is special about it. */
  readonly title: string;
  readonly inputs: readonly Tensor[];
  /** Builds the operation once. Of its results the first must be differentiable. */
  readonly build: (...inputs: readonly Value[]) => Value | readonly Value[];
  /** By hand: multiply-accumulates, and floating-point operations beside them. */
  readonly cost: Cost;
  /** Inputs the gradient is checked for; all of element type float32 unless given. */
  readonly differentiable?: readonly number[];
}

/** A case; `elementwise` and `macs` are its cost by hand. */
export const testCase = (
  title: string,
  inputs: readonly Tensor[],
  build: OpCase["build"],
  { macs = 0, elementwise = 0 }: Partial<Cost> = {},
  differentiable?: readonly number[],
): OpCase => ({
  title,
  inputs,
  build,
  cost: { macs, elementwise },
  ...(differentiable ? { differentiable } : {}),
});

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32), rounded to float32. */
export function uniforms(n: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}

let seed = 0;

/** float32 numbers spread over [low, high). */
export const floats = (shape: Shape, low = -2, high = 2): Tensor => ({
  dtype: "float32",
  shape,
  data: uniforms(sizeOf(shape), ++seed).map((u) => low + (high - low) * u),
});

export const floatsOf = (shape: Shape, values: readonly number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

export const ints = (shape: Shape, values: readonly number[]): Tensor => ({
  dtype: "int32",
  shape,
  data: Int32Array.from(values),
});

export const bools = (shape: Shape, values: readonly number[]): Tensor => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(values),
});

const isFloat = ({ dtype }: { dtype: string }): boolean => dtype === "float32";

export const inputsOf = ({ inputs }: OpCase): Tensors =>
  Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor]));

export const differentiableInputs = ({ inputs, differentiable }: OpCase): readonly number[] =>
  differentiable ?? inputs.flatMap((tensor, i) => (isFloat(tensor) ? [i] : []));

/** The case as a program: outputs `y0`, `y1`, …, and whatever `more` adds. */
export function caseProgram(
  { title, inputs, build }: OpCase,
  more: (
    outputs: readonly Value[],
    inputs: readonly Value[],
    output: (name: string, value: Value) => void,
  ) => void = () => {},
): Program {
  return trace(title, (p) => {
    const values = inputs.map(({ shape, dtype }, i) => p.input(`x${i}`, shape, dtype));
    const built = build(...values);
    const outputs = Array.isArray(built) ? (built as readonly Value[]) : [built as Value];
    outputs.forEach((value, i) => {
      p.output(`y${i}`, value);
    });
    more(outputs, values, p.output);
  });
}

/** The case's node of that operation; the case must make exactly one. */
export function nodeOf(program: Program, op: Op) {
  const nodes = program.nodes.filter((node) => node.op === op);
  if (nodes.length !== 1) throw new Error(`${program.name}: expected one ${op.name}, got ${nodes.length}`);
  return nodes[0]!;
}
