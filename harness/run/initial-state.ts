/** States before the first step, drawn from streams keyed by their own names, so that their order does not matter. */
import {
  hostType,
  type Initialiser,
  type Program,
  sizeOf,
  type Tensor,
  type Tensors,
} from "../program/index.ts";
import type { Stream } from "../random/index.ts";

/**
 * @param given states that do not start from their initialisers; copies of a state copy what is given for it
 */
export function initialState(program: Program, random: Stream, given: Tensors = {}): Tensors {
  const declared = new Map(program.states.map((state) => [state.name, state]));
  for (const name of Object.keys(given))
    if (!declared.has(name)) throw new Error(`${program.name} has no state ${name}`);
  const made: Record<string, Tensor> = {};
  const make = (name: string): Tensor => {
    const { value, initialiser } = declared.get(name)!;
    made[name] ??=
      given[name] ??
      (initialiser.kind === "copyOf"
        ? make(initialiser.state)
        : {
            dtype: hostType(value),
            shape: value.shape,
            data: draw(initialiser, sizeOf(value.shape), random.stream(name)),
          });
    return made[name];
  };
  return Object.fromEntries(program.states.map(({ name }) => [name, make(name)]));
}

type Drawn = Exclude<Initialiser, { kind: "copyOf" }>;

function draw(initialiser: Drawn, size: number, random: Stream): Float32Array {
  const data = new Float32Array(size);
  switch (initialiser.kind) {
    case "constant":
      return data.fill(initialiser.value);
    case "values":
      if (initialiser.data.length !== size)
        throw new Error(`initial values: expected ${size} numbers, got ${initialiser.data.length}`);
      data.set(initialiser.data);
      return data;
    case "uniform":
      random.fillUniform(data);
      return data.map((u) => (2 * u - 1) * initialiser.bound);
    case "normal": {
      const { deviation, mean = 0 } = initialiser;
      random.fillNormal(data);
      return data.map((z) => mean + z * deviation);
    }
    case "truncatedNormal":
      return data.map(() => {
        for (;;) {
          const z = random.normal() * initialiser.deviation;
          if (Math.abs(z) <= 2) return z;
        }
      });
  }
}
