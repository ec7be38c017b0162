/** Mixed precision (arXiv:1710.03740, with bfloat16 as arXiv:1905.12322 has it) as a pass over a program. */
import { countCost } from "./cost.ts";
import { cast } from "./ops/elementwise.ts";
import type { OpName } from "./ops/index.ts";
import { type Rewrite, simplify } from "./simplify.ts";
import { applyAll, type Value } from "./tensor.ts";
import type { Program } from "./trace.ts";
import { verify } from "./verify.ts";

/** Where the multiply-accumulates are, and which operands of each stay float32. */
const PRODUCTS: Partial<Readonly<Record<OpName, readonly number[]>>> = {
  attention: [],
  // L, the logarithms of its sums
  attentionGradient: [5],
  conv2d: [],
  conv2dInputGradient: [],
  conv2dWeightGradient: [],
  linear: [],
  matmul: [],
};

const isRounded = ({ dtype }: Value): boolean => dtype === "bfloat16";

const inBfloat16: Rewrite = ({ op, attributes }, inputs) => {
  const kept = PRODUCTS[op.name as OpName];
  if (!kept || inputs.some(isRounded)) return null;
  const operands = inputs.map((input, i) => (kept.includes(i) ? input : cast(input, "bfloat16")));
  return applyAll(op, operands, attributes).map((result) => cast(result, "float32"));
};

/**
 * The same program with its products of bfloat16 operands. Everything between them is float32: reductions, norms, softmax,
 * losses, and the states, so that weights and moments are updated in full. Inputs, states, outputs stay what they were.
 */
export function mixedPrecision(program: Program): Program {
  const mixed = { ...program, ...simplify(program, inBfloat16) };
  verify(mixed);
  const { recomputing } = program;
  return {
    ...mixed,
    ...countCost(mixed),
    recomputing: recomputing && (() => mixedPrecision(recomputing())),
  };
}
