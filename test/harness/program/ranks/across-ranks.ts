/** A rank's program run on every rank by the reference, beside the program it was made of. */
import {
  acrossRanks,
  type Program,
  type RankOptions,
  type Tensor,
  type Tensors,
} from "../../../../harness/program/index.ts";
import { interpretRanks } from "../../../reference/interpreter.ts";

/** A rank's part of a tensor along an axis. */
function partOf({ dtype, shape, data }: Tensor, axis: number, rank: number, world: number): Tensor {
  const own = shape.with(axis, shape[axis]! / world);
  const inner = shape.slice(axis).reduce((product, side) => product * side, 1);
  const run = inner / world;
  const part = Float64Array.from({ length: data.length / world }, (_, i) => {
    const outer = Math.floor(i / run);
    return data[outer * inner + rank * run + (i % run)]!;
  });
  return { dtype, shape: own, data: part };
}

export interface Across {
  readonly program: Program;
  readonly outputs: Tensors;
  /** Cut states joined again. */
  readonly state: Tensors;
}

/** One run on `world` ranks. @throws where two ranks come to other results */
export function runAcross(
  program: Program,
  world: number,
  inputs: Tensors,
  state: Tensors,
  options: RankOptions,
): Across {
  const cut = acrossRanks(program, world, options);
  const ranks = Array.from({ length: world }, (_, rank) => {
    const own = (all: Tensors, axisOf: (name: string) => number | undefined): Tensors =>
      Object.fromEntries(
        Object.entries(all).map(([name, tensor]) => {
          const axis = axisOf(name);
          return [name, axis === undefined ? tensor : partOf(tensor, axis, rank, world)];
        }),
      );
    return {
      inputs: own(inputs, (name) => cut.inputs[name]),
      state: own(state, (name) => (cut.states.has(name) ? 0 : undefined)),
    };
  });
  const [first, ...others] = interpretRanks(cut.program, ranks);
  for (const { outputs } of others)
    if (JSON.stringify(outputs) !== JSON.stringify(first!.outputs)) throw new Error("ranks differ");
  const joined = Object.entries(first!.state).map(([name, tensor]) => {
    if (!cut.states.has(name)) return [name, tensor] as const;
    const data = [first!, ...others].flatMap((rank) => [...rank.state[name]!.data]);
    const shape = tensor.shape.with(0, tensor.shape[0]! * world);
    return [name, { ...tensor, shape, data: Float64Array.from(data) }] as const;
  });
  return { program: cut.program, outputs: first!.outputs, state: Object.fromEntries(joined) };
}
