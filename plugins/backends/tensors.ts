/** What every backend asks of the tensors it is given. */
import { type Program, sizeOf, type Tensors, type TensorType } from "../../harness/program/index.ts";

export type Types = Readonly<Record<string, TensorType>>;

export const stateTypes = ({ states }: Program): Types =>
  Object.fromEntries(states.map(({ name, value }) => [name, value]));

/** Throws, naming it, where a tensor is unknown or not of its declared type. */
export function requireKnown(kind: "input" | "state", { name }: Program, types: Types, given: Tensors): void {
  for (const [key, { dtype, shape, data }] of Object.entries(given)) {
    const type = Object.hasOwn(types, key) ? types[key] : undefined;
    if (!type) throw new Error(`${name}: ${kind} ${key} is not declared`);
    if (dtype !== type.dtype || shape.join() !== type.shape.join() || data.length !== sizeOf(shape))
      throw new Error(
        `${name}: ${kind} ${key} is ${type.dtype} [${type.shape}], got ${dtype} [${shape}] with ${data.length} elements`,
      );
  }
}

/** Throws, naming it, where a declared tensor is missing. */
function requireGiven(kind: "input" | "state", { name }: Program, types: Types, given: Tensors): void {
  for (const key of Object.keys(types))
    if (!Object.hasOwn(given, key)) throw new Error(`${name}: ${kind} ${key} was not given`);
}

/** Exactly the program's inputs. */
export function requireInputs(program: Program, given: Tensors): void {
  requireGiven("input", program, program.inputs, given);
  requireKnown("input", program, program.inputs, given);
}

/** The program's states among `given`, which may be the weights of a larger program. */
export function pickStates(program: Program, given: Tensors): Tensors {
  const types = stateTypes(program);
  requireGiven("state", program, types, given);
  const own = Object.fromEntries(Object.keys(types).map((name) => [name, given[name]!]));
  requireKnown("state", program, types, own);
  return own;
}

/** The names asked for, or all; throws on one that is no state. */
export function stateNames(program: Program, names: readonly string[] | undefined): readonly string[] {
  const known = program.states.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${program.name}: state ${unknown} is not declared`);
  return names ?? known;
}
