/**
 * From a program to that of one rank among several: each takes its part of the batch, and all come to the same results as one
 * process with the whole batch would. What an operation makes of tensors that are cut, its record says (`cuts`); where ranks
 * must talk, collectives are put in. So batch statistics, contrastive losses, gradients and norms are of the whole batch without
 * a word in any model (in the manner of GSPMD, arXiv:2105.04663), whatever inputs are cut.
 */
import { countCost } from "../cost.ts";
import { reachable, simplify } from "../simplify.ts";
import { applyAll, type Cut, leaf, type Node, type Placement, sizeOf, type Value } from "../tensor.ts";
import type { Program } from "../trace.ts";
import { verify } from "../verify.ts";
import { Layout } from "./layout.ts";

export interface RankProgram {
  /** Its inputs and states are a rank's parts; its outputs are whole, on every rank. */
  readonly program: Program;
  /** The axis along which an input is cut among the ranks; one that is not named every rank has whole. */
  readonly inputs: Readonly<Record<string, number>>;
  /** States that are cut along their first axis. */
  readonly states: ReadonlySet<string>;
}

export interface RankOptions {
  /** Every rank keeps and updates its part of the optimiser's state alone (ZeRO stage 1, arXiv:1910.02054). */
  readonly shardOptimiser: boolean;
  /** The axis along which an input is cut, see `batchInputs`. Any choice has the same results. */
  readonly inputs: Readonly<Record<string, number>>;
}

export function acrossRanks(
  program: Program,
  world: number,
  { shardOptimiser, inputs }: RankOptions,
): RankProgram {
  let states = new Set(shardOptimiser ? shardable(program, world) : []);
  for (;;) {
    const { built, gathered } = rebuilt(program, world, inputs, states, shardOptimiser);
    // What the loss reads whole in every step, a target network's weights, stays whole.
    const wholes = program.states.flatMap(({ name, value }) => (gathered.has(value) ? [name] : []));
    if (wholes.length === 0) return { program: built, inputs, states };
    states = new Set([...states].filter((name) => !wholes.includes(name)));
  }
}

/** Inputs that hold the program's batch, by the axis along which ranks cut them: the first. */
export const batchInputs = ({ inputs, batch }: Program): Record<string, number> =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, { shape }]) => (shape[0] === batch ? [[name, 0]] : [])),
  );

/** Below it a state is not worth cutting, in numbers. */
const SMALL = 4096;

/** States that are updated and not trained, where the ranks divide their rows. */
const shardable = ({ states, updates }: Program, world: number): string[] => {
  const updated = new Set(updates.map(({ name }) => name));
  return states
    .filter(({ name, trainable }) => updated.has(name) && !trainable)
    .filter(({ value: { shape } }) => sizeOf(shape) > SMALL && shape[0]! % world === 0)
    .map(({ name }) => name);
};

function rebuilt(
  { name, inputs, states, nodes, outputs, updates, recomputing }: Program,
  world: number,
  axes: Readonly<Record<string, number>>,
  cutStates: ReadonlySet<string>,
  scatters: boolean,
): { built: Program; gathered: ReadonlySet<Value> } {
  const layout = new Layout(world, scatters);
  const part = (label: string, value: Value, axis: number | null): Value => {
    const { shape, dtype } = value;
    const own = leaf(label, axis === null ? shape : shape.with(axis, shape[axis]! / world), dtype);
    layout.place(value, axis, own);
    return own;
  };
  const placeOf = (state: string): Placement => (cutStates.has(state) ? 0 : null);
  const ownInputs = Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, part(`input ${key}`, value, axes[key] ?? null)]),
  );
  const ownStates = states.map((state) => ({
    ...state,
    value: part(`state ${state.name}`, state.value, cutStates.has(state.name) ? 0 : null),
  }));
  for (const node of nodes) rebuild(node, layout);
  const graph = simplify({
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, layout.as(value, null)])),
    updates: updates.map(({ name: state, value }) => ({
      name: state,
      value: layout.as(value, placeOf(state)),
    })),
  });
  const built = { name, inputs: ownInputs, states: ownStates, ...graph };
  verify(built);
  return {
    built: {
      ...built,
      ...countCost(built),
      recomputing: recomputing && (() => rebuilt(recomputing(), world, axes, cutStates, scatters).built),
    },
    gathered: layout.gathered,
  };
}

/** A node on a rank's parts: shared where its inputs are cut and its record says how, else done by every rank. */
function rebuild(node: Node, layout: Layout): void {
  const { op, inputs, outputs, attributes } = node;
  const cut = cheapest(node, layout);
  const isShared = cut.outputs.some((placement) => placement !== null);
  const cutInput = inputs.some((input) => typeof layout.placementOf(input) === "number");
  if (op.decompose && cutInput && !isShared) {
    const parts = op.decompose(inputs, attributes);
    for (const inner of reachable(parts, (value) => layout.has(value))) rebuild(inner, layout);
    outputs.forEach((output, i) => {
      layout.alias(output, parts[i]!);
    });
    return;
  }
  const own = inputs.map((input, i) => layout.as(input, cut.inputs[i]!));
  const first = outputs[0]!.shape;
  const axis = cut.outputs[0]!;
  const shape = typeof axis === "number" ? first.with(axis, layout.share(first[axis]!)) : first;
  const made = applyAll(op, own, "shape" in attributes ? { ...attributes, shape } : attributes);
  outputs.forEach((output, i) => {
    layout.place(output, cut.outputs[i]!, made[i]!);
  });
}

/** The way that moves the fewest bytes. */
function cheapest(node: Node, layout: Layout): Cut {
  const { op, inputs, outputs, attributes } = node;
  const whole: Cut = { inputs: inputs.map(() => null), outputs: outputs.map(() => null) };
  const placements = inputs.map((input) => layout.placementOf(input));
  if (placements.every((placement) => placement === null)) return whole;
  const cuts = [
    ...(op.cuts?.(inputs, outputs, attributes) ?? []),
    ...(op.pointwise ? pointwiseCuts(inputs, outputs[0]!) : []),
  ].filter((cut) => divides(cut, node, layout));
  // At equal price what is cut stays so, and what is not is not.
  const isCut = placements.some((placement) => typeof placement === "number");
  const candidates = isCut ? [...cuts, whole] : [whole, ...cuts];
  const prices = candidates.map((cut) => priceOf(cut, inputs, layout));
  return candidates[prices.indexOf(Math.min(...prices))]!;
}

/** Each output axis, with those of the inputs that are not repeated along it. */
const pointwiseCuts = (inputs: readonly Value[], { shape }: Value): readonly Cut[] =>
  [...shape.keys()].map((axis) => ({
    inputs: inputs.map((input) => {
      const own = axis - shape.length + input.shape.length;
      return input.shape[own] === shape[axis] ? own : null;
    }),
    outputs: [axis],
  }));

const divides = (cut: Cut, { inputs, outputs }: Node, layout: Layout): boolean => {
  const all = (values: readonly Value[], placements: readonly (Placement | "any")[]): boolean =>
    values.every((value, i) => typeof placements[i] !== "number" || layout.divides(value, placements[i]));
  return all(inputs, cut.inputs) && all(outputs, cut.outputs);
};

/** An input that is read twice in one placement is brought there once. */
function priceOf({ inputs: wanted }: Cut, inputs: readonly Value[], layout: Layout): number {
  const prices = new Map<string, number>();
  inputs.forEach((input, i) => {
    prices.set(`${input.id} ${wanted[i]}`, layout.price(input, wanted[i]!));
  });
  return [...prices.values()].reduce((total, price) => total + price, 0);
}
