/** What a program costs, counted node by node. MACs and FLOPs are kept apart: published "GFLOPs" are MACs. */

import { reachable } from "./simplify.ts";
import { bytesOf, type Node, sizeOf, type Value } from "./tensor.ts";
import type { State } from "./trace.ts";

export interface ProgramCost {
  /** Multiply-accumulates of matrix products and convolutions, one run. */
  readonly macs: number;
  /** 2·MACs + element-wise floating-point operations, one run. */
  readonly flops: number;
  /** Numbers in trainable states. */
  readonly parameters: number;
  /** Bytes of everything the nodes compute, were nothing freed. */
  readonly activationBytes: number;
}

export function countCost(program: {
  readonly nodes: readonly Node[];
  readonly states: readonly State[];
}): ProgramCost {
  let macs = 0;
  let elementwise = 0;
  let activationBytes = 0;
  for (const { op, inputs, outputs, attributes } of program.nodes) {
    const cost = op.cost(inputs, outputs, attributes);
    macs += cost.macs;
    elementwise += cost.elementwise;
    if (op.name !== "constant")
      activationBytes += outputs.reduce((bytes, value) => bytes + bytesOf(value), 0);
  }
  const parameters = program.states
    .filter((state) => state.trainable)
    .reduce((total, { value }) => total + sizeOf(value.shape), 0);
  return { macs, flops: 2 * macs + elementwise, parameters, activationBytes };
}

/** Multiply-accumulates of computing some values alone, what they share once: those behind a step's losses are its forward passes. */
export const macsOf = (values: readonly Value[]): number =>
  countCost({ nodes: reachable(values, () => false), states: [] }).macs;
