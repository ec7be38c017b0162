/**
 * Tracing: running a function over symbolic values and keeping what it did as a program, immutable data
 * that can be differentiated, counted, lowered, hashed and run by any backend.
 */
import { recomputedBlock } from "./block.ts";
import { countCost, type ProgramCost } from "./cost.ts";
import type { Initialiser } from "./initialiser.ts";
import { decomposing, simplify } from "./simplify.ts";
import { type DType, leaf, type Node, type Shape, type Value } from "./tensor.ts";
import { verify } from "./verify.ts";

export interface State {
  readonly name: string;
  readonly value: Value;
  readonly initialiser: Initialiser;
  /** A parameter: what an optimiser updates. */
  readonly trainable: boolean;
}

export interface Program extends ProgramCost {
  readonly name: string;
  /** Of a training step, images a run: the first axis of every input that holds its batch. */
  readonly batch?: number;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly states: readonly State[];
  /** In an order in which every node follows those it reads. */
  readonly nodes: readonly Node[];
  readonly outputs: Readonly<Record<string, Value>>;
  /** After a run, all together: state `name` becomes `value`. */
  readonly updates: readonly { readonly name: string; readonly value: Value }[];
  /** The same, its blocks computed anew in the backward pass, traced when asked for; null where it has none, or they are. */
  readonly recomputing: (() => Program) | null;
}

interface ScopeOptions {
  /** false: parameters declared inside are states no optimiser touches. */
  readonly trainable?: boolean;
  /** Parameters declared inside start as copies of those of the same name after this prefix. */
  readonly copyOf?: string;
}

/** What a traced function declares its inputs, states, outputs and updates with. */
export interface Tracer {
  input(name: string, shape: Shape, dtype?: DType): Value;
  /** A trainable state. The same name and shape again is the same parameter (weights shared). */
  parameter(name: string, shape: Shape, initialiser: Initialiser): Value;
  /** A state that is not trained: moments, running statistics, targets. */
  state(name: string, shape: Shape, initialiser: Initialiser): Value;
  output(name: string, value: Value): void;
  update(name: string, value: Value): void;
  /** A tracer whose state names begin with `prefix`. */
  scope(prefix: string, options?: ScopeOptions): Tracer;
  /** A block of a network: of what it computes nothing but the result is kept for the backward pass where the program recomputes. */
  block(body: () => Value): Value;
  /** Trainable states declared so far, in order. */
  parameters(): readonly State[];
  /** The current value of a state, by its full name. */
  read(name: string): Value;
}

/** How a program is traced. */
interface TraceOptions {
  /** Blocks (`Tracer.block`) are computed anew in the backward pass: less memory, one more forward pass of them. */
  readonly recompute?: boolean | undefined;
}

/** Traces `body` into a program. Throws on names used twice, shapes that do not fit, inputs nothing reads. */
export function trace(
  name: string,
  body: (p: Tracer) => void,
  { recompute = false }: TraceOptions = {},
): Program {
  const inputs: Record<string, Value> = {};
  const states = new Map<string, State>();
  const outputs: Record<string, Value> = {};
  const updates = new Map<string, Value>();
  let hasBlocks = false;

  const declare = (state: Omit<State, "value">, shape: Shape): Value => {
    const known = states.get(state.name);
    if (!known) {
      const value = leaf(`state ${state.name}`, shape, "float32");
      states.set(state.name, { ...state, value });
      return value;
    }
    if (known.value.shape.join() !== shape.join())
      throw new Error(`${name}: state ${state.name} is [${known.value.shape}], asked for as [${shape}]`);
    return known.value;
  };
  const once = (kind: string, key: string, taken: boolean): void => {
    if (taken) throw new Error(`${name}: ${kind} ${key} is declared twice`);
  };

  // Backends name what lies between inputs and outputs, always with a colon.
  const requireOwnName = (key: string): void => {
    if (key === "" || key.includes(":")) throw new Error(`${name}: "${key}" may not name an input or output`);
  };

  const tracer = (prefix: string, trainable: boolean, copyOf: string | undefined): Tracer => ({
    input(key, shape, dtype = "float32") {
      once("input", key, Object.hasOwn(inputs, key));
      requireOwnName(key);
      inputs[key] = leaf(`input ${key}`, shape, dtype);
      return inputs[key];
    },
    parameter: (key, shape, initialiser) =>
      declare(
        {
          name: prefix + key,
          initialiser: copyOf === undefined ? initialiser : { kind: "copyOf", state: copyOf + key },
          trainable,
        },
        shape,
      ),
    state: (key, shape, initialiser) =>
      declare(
        {
          name: prefix + key,
          initialiser: copyOf === undefined ? initialiser : { kind: "copyOf", state: copyOf + key },
          trainable: false,
        },
        shape,
      ),
    output(key, value) {
      once("output", key, Object.hasOwn(outputs, key) || Object.hasOwn(inputs, key));
      requireOwnName(key);
      outputs[key] = value;
    },
    update(key, value) {
      once("update of", prefix + key, updates.has(prefix + key));
      updates.set(prefix + key, value);
    },
    scope: (inner, options = {}) =>
      tracer(
        prefix + inner,
        options.trainable ?? trainable,
        options.copyOf ?? (copyOf === undefined ? undefined : copyOf + inner),
      ),
    block(inner) {
      hasBlocks = true;
      return recompute ? recomputedBlock(inner) : inner();
    },
    parameters: () => [...states.values()].filter((state) => state.trainable),
    read(key) {
      const state = states.get(key);
      if (!state) throw new Error(`${name}: state ${key} is not declared`);
      return state.value;
    },
  });

  body(tracer("", true, undefined));
  const graph = simplify(
    { outputs, updates: [...updates].map(([key, value]) => ({ name: key, value })) },
    decomposing(({ op }) => op.recomputed === true),
  );
  const program = { name, inputs, states: [...states.values()], ...graph };
  verify(program);
  const recomputing = hasBlocks && !recompute ? () => trace(name, body, { recompute: true }) : null;
  return { ...program, ...countCost(program), recomputing };
}
