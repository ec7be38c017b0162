/** Cases of every operation: forward, gradient and cost are held against them, on the interpreter and on backends. */
import type { OpName } from "../../harness/program/index.ts";
import { attentionCases } from "./ops-attention.ts";
import type { OpCase } from "./ops-case.ts";
import { elementwiseCases } from "./ops-elementwise.ts";
import { movementCases } from "./ops-movement.ts";
import { productCases } from "./ops-product.ts";
import { reductionCases } from "./ops-reduction.ts";

/** An operation left out does not compile. */
export const CASES: { readonly [P in OpName]: readonly OpCase[] } = {
  ...attentionCases,
  ...elementwiseCases,
  ...movementCases,
  ...productCases,
  ...reductionCases,
};

export const OP_NAMES = Object.keys(CASES) as OpName[];
