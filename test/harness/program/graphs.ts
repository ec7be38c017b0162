/** Random small graphs for property tests: a list of instructions over values of shape [2, 3]. */
import fc from "fast-check";
import {
  add,
  broadcastTo,
  concat,
  exp,
  gelu,
  geluTanh,
  gradients,
  greater,
  layerNorm,
  linear,
  matmul,
  maximum,
  mul,
  neg,
  type Program,
  reshape,
  sigmoid,
  silu,
  slice,
  softmax,
  split,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  trace,
  transpose,
  type Value,
  where,
} from "../../../harness/program/index.ts";
import { reachable } from "../../../harness/program/simplify.ts";

type Binary = (a: Value, b: Value) => Value;

/** Values stay within a few units, so that no rounding is magnified. */
const SMOOTH: readonly Binary[] = [
  add,
  sub,
  (a, b) => mul(tanh(a), sigmoid(b)),
  (a) => neg(a),
  (a) => gelu(a),
  (a) => geluTanh(a),
  (a) => silu(a),
  (a) => softmax(a),
  (a, b) => layerNorm(add(a, mul(b, 0.1)), undefined, undefined, 0.1),
  (a) => exp(neg(square(a))),
  (a, b) => mul(matmul(matmul(a, tanh(b), { transposeB: true }), sigmoid(b)), 0.1),
  (a, b) =>
    linear(tanh(a), matmul(sigmoid(b), tanh(b), { transposeA: true }), slice(reshape(b, [6]), 0, 1, 6, 2)),
  (a) => transpose(reshape(transpose(a, [1, 0]), [3, 2]), [1, 0]),
  (a, b) => slice(concat([a, b], 0), 0, 1, 3),
  (a) => broadcastTo(mul(sum(a, [1], true), 0.3), [2, 3]),
  (a) => concat([...split(a, 1, 3)].reverse(), 1),
  (a, b) => add(stopGradient(tanh(a)), b),
];

/** These jump, so they are compared only where every bit must be equal. */
const JUMPING: readonly Binary[] = [maximum, (a, b) => where(greater(a, b), a, neg(b))];

export interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
}

const instruction = fc.record({ op: fc.nat(99), a: fc.nat(99), b: fc.nat(99) });
export const instructions = fc.array(instruction, { minLength: 1, maxLength: 14 });

export interface RandomGraph {
  /** Traced, so simplified. */
  readonly program: Program;
  /** The same graph as it was written: nothing merged, nothing left out but what no output reads. */
  readonly written: Program;
}

/** A program of these instructions over inputs x and z, with its last value, another one and their gradients. */
export function randomGraph(list: readonly Instruction[], smooth: boolean): RandomGraph {
  const ops = smooth ? SMOOTH : [...SMOOTH, ...JUMPING];
  let outputs: Record<string, Value> = {};
  const program = trace("random", (p) => {
    const inputs = [p.input("x", [2, 3]), p.input("z", [2, 3])];
    const values = [...inputs, sub(inputs[0]!, inputs[1]!)];
    for (const { op, a, b } of list)
      values.push(ops[op % ops.length]!(values[a % values.length]!, values[b % values.length]!));
    const [last, middle] = [values.at(-1)!, values[Math.ceil(values.length / 2)]!];
    const [gx, gz] = gradients(sum(mul(last, middle)), inputs);
    outputs = { last, middle, gx: gx!, gz: gz!, first: values[2]! };
    for (const [name, value] of Object.entries(outputs)) p.output(name, value);
  });
  const nodes = reachable(Object.values(outputs), () => false);
  return { program, written: { ...program, nodes, outputs } };
}
