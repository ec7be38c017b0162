/** What a program costs, counted node by node. MACs and FLOPs are kept apart: published "GFLOPs" are MACs. */

import { type Rewrite, reachable, simplify } from "./simplify.ts";
import { bytesOf, type Node, sizeOf, type Value } from "./tensor.ts";
import type { Program } from "./trace.ts";

interface Work {
  /** Multiply-accumulates of matrix products and convolutions. */
  readonly macs: number;
  /** 2·MACs + element-wise floating-point operations. */
  readonly flops: number;
}

/** Of one run. Work is the mathematics', each thing computed once. */
export interface ProgramCost extends Work {
  /** Beside it: what blocks compute a second time, for the backward pass (`Tracer.block`). */
  readonly recomputed: Work;
  /** Numbers in trainable states. */
  readonly parameters: number;
  /** Bytes of everything the nodes compute, were nothing freed. */
  readonly activationBytes: number;
}

export function countCost(program: Pick<Program, "nodes" | "states" | "outputs" | "updates">): ProgramCost {
  const { nodes, states } = program;
  const working = nodes.filter((node) => !waits(node));
  const done = workOf(working);
  const { macs, flops } =
    working.length < nodes.length ? workOf(simplify(program, waitingForNothing).nodes) : done;
  const trained = states.filter((state) => state.trainable);
  const computed = nodes.filter(({ op }) => op.name !== "constant").flatMap(({ outputs }) => outputs);
  return {
    macs,
    flops,
    recomputed: { macs: done.macs - macs, flops: done.flops - flops },
    parameters: trained.reduce((total, { value }) => total + sizeOf(value.shape), 0),
    activationBytes: computed.reduce((bytes, value) => bytes + bytesOf(value), 0),
  };
}

/** Whether it is what `waitFor` makes. */
const waits = ({ op, inputs }: Node): boolean => op.name === "sub" && inputs[1]!.node?.op.name === "ready";

/** Nothing waits: then what is computed anew is what was computed before, and once. */
const waitingForNothing: Rewrite = (node, [x]) => (waits(node) ? [x!] : null);

function workOf(nodes: readonly Node[]): Work {
  const costs = nodes.map(({ op, inputs, outputs, attributes }) => op.cost(inputs, outputs, attributes));
  const macs = costs.reduce((total, cost) => total + cost.macs, 0);
  return { macs, flops: costs.reduce((total, { elementwise }) => total + elementwise, 2 * macs) };
}

/** Multiply-accumulates of computing some values alone, what they share once: those behind a step's losses are its forward passes. */
export const macsOf = (values: readonly Value[]): number => workOf(reachable(values, () => false)).macs;
