/** Communication among ranks, whose rows follow one another in the order of ranks. On one process (world 1) each is the identity. */
import { type Attributes, apply, type Op, type TensorType, type Value } from "../tensor.ts";
import { freeCost, requireEqual, requireRows } from "./shared.ts";

const collective = (
  name: string,
  rows: (n: number, world: number) => number,
  adjoint: (g: Value, world: number) => Value,
): Op => ({
  name,
  shape: ([x]: readonly TensorType[], { world }: Attributes) => {
    if (name === "allReduce") return [{ dtype: x!.dtype, shape: x!.shape }];
    requireRows(name, x!);
    const side = rows(x!.shape[0]!, world as number);
    requireEqual(name, `rows of [${x!.shape}] modulo ${world} ranks and 0`, side % 1, 0);
    return [{ dtype: x!.dtype, shape: x!.shape.with(0, side) }];
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
/** Rows of all ranks. Adjoint: reduceScatter. */
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
/** Of rows that every rank has, each its own: nothing is sent. Adjoint: allGather. */
export const ownRowsOp = collective(
  "ownRows",
  (n, world) => n / world,
  (g, world) => allGather(g, world),
);

const of =
  (op: Op) =>
  (x: Value, world: number): Value =>
    apply(op, [x], { world });

export const allReduce = of(allReduceOp);
export const allGather = of(allGatherOp);
export const reduceScatter = of(reduceScatterOp);
export const ownRows = of(ownRowsOp);
