import type { Shape } from "../../../harness/program/index.ts";
import type { Attributes } from "../../../harness/program/tensor.ts";
import type { Array64 } from "../array.ts";

/** An operation by its definition. `shapes` are the outputs'; returns their data, in order. */
export type Kernel = (
  inputs: readonly Array64[],
  shapes: readonly Shape[],
  attributes: Attributes,
) => readonly Float64Array[];
