/** Communication among ranks. On one process (world 1) each is the identity. */
import { type Attributes, apply, type Op, type TensorType, type Value } from "../tensor.ts";
import { freeCost, requireRows } from "./shared.ts";

const collective = (
  name: string,
  rows: (n: number, world: number) => number,
  adjoint: (g: Value, world: number) => Value,
): Op => ({
  name,
  shape: ([x]: readonly TensorType[], { world }: Attributes) => {
    if (name === "allReduce") return [{ dtype: x!.dtype, shape: x!.shape }];
    requireRows(name, x!);
    return [{ dtype: x!.dtype, shape: x!.shape.with(0, rows(x!.shape[0]!, world as number)) }];
  },
  gradient: ({ attributes }, [g]) => [adjoint(g!, attributes.world as number)],
  cost: freeCost,
  onnx: (_, inputs, { attributes }) => {
    if (attributes.world !== 1)
      throw new Error(`${name}: ONNX programs run on one process, got world ${attributes.world}`);
    return inputs;
  },
});

/** Σ over ranks, everywhere. Its adjoint is itself. */
export const allReduceOp = collective(
  "allReduce",
  (n) => n,
  (g, world) => allReduce(g, world),
);
/** Rows of all ranks, own rank first. Adjoint: reduceScatter. */
export const allGatherOp = collective(
  "allGather",
  (n, world) => n * world,
  (g, world) => reduceScatter(g, world),
);
/** Σ over ranks of each rank's own rows. Adjoint: allGather. */
export const reduceScatterOp = collective(
  "reduceScatter",
  (n, world) => n / world,
  (g, world) => allGather(g, world),
);

export const allReduce = (x: Value, world: number): Value => apply(allReduceOp, [x], { world });
export const allGather = (x: Value, world: number): Value => apply(allGatherOp, [x], { world });
export const reduceScatter = (x: Value, world: number): Value => apply(reduceScatterOp, [x], { world });
