/** What reference numbers are held against: the default backend in float32, and the reference interpreter in float64. */
import { expect } from "vitest";
import type { Backend } from "../../harness/plugin.ts";
import {
  gradients,
  type Program,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
  type Value,
} from "../../harness/program/index.ts";
import { createStream } from "../../harness/random/index.ts";
import { initialState } from "../../harness/run/initial-state.ts";
import onnxruntime from "../../plugins/backends/onnxruntime/index.ts";
import { compile as interpreted } from "../reference/backend.ts";

export interface Engine {
  readonly name: string;
  readonly compile: Backend["compile"];
  /** Bound of max|Δ| / max|reference| for a tensor as it is stored. */
  readonly tolerance: (stored: Tensor) => number;
  /** What it leaves uncertain of a gradient, as a part of its tensor's largest. */
  readonly rounding: number;
}

const { compile } = await onnxruntime.open({ threads: 2 });

export const float32: Engine = {
  name: "ONNX Runtime, float32",
  compile,
  tolerance: () => 1e-4,
  rounding: 1e-6,
};

export const float64: Engine = {
  name: "reference interpreter, float64",
  compile: interpreted,
  tolerance: ({ data }) => (data instanceof Float64Array ? 1e-9 : 1e-6),
  rounding: 0,
};

/** max|Δ| / max|reference| */
function relativeError(found: Tensor, reference: Tensor): number {
  if (found.data.length !== reference.data.length)
    throw new Error(`sizes differ: ${found.shape} and ${reference.shape}`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < reference.data.length; i++) {
    const delta = Math.abs(found.data[i]! - reference.data[i]!);
    difference = Math.max(difference, Number.isNaN(delta) ? Number.POSITIVE_INFINITY : delta);
    scale = Math.max(scale, Math.abs(reference.data[i]!));
  }
  return difference / (scale || 1);
}

/** Every tensor of `reference`, found under the same name. */
export function expectParity(engine: Engine, found: Tensors, reference: Tensors): void {
  expect(Object.keys(reference).length).toBeGreaterThan(0);
  for (const [name, tensor] of Object.entries(reference)) {
    expect(found[name], name).toBeDefined();
    expect(relativeError(found[name]!, tensor), name).toBeLessThan(engine.tolerance(tensor));
  }
}

/** As `trace`, with the output `loss` and every parameter's gradient as `grad.<name>`. */
export const traceWithGradients = (name: string, body: (p: Tracer) => Value): Program =>
  trace(name, (p) => {
    const loss = body(p);
    p.output("loss", loss);
    const parameters = p.parameters();
    gradients(
      loss,
      parameters.map(({ value }) => value),
    ).forEach((gradient, i) => {
      p.output(`grad.${parameters[i]!.name}`, gradient);
    });
  });

/** Compiles with the weights given; moments and averages start as the program says. */
export function compileWith(engine: Engine, program: Program, weights: Tensors) {
  const own = program.states.filter(({ name }) => name in weights);
  const drawn = program.states.find(
    ({ name, initialiser }) => !(name in weights) && !/constant|copyOf/.test(initialiser.kind),
  );
  if (drawn) throw new Error(`${program.name}: the weights lack ${drawn.name}`);
  const given = Object.fromEntries(own.map(({ name }) => [name, weights[name]!]));
  return engine.compile(program, initialState(program, createStream(0), given));
}

export async function runOnce(
  engine: Engine,
  program: Program,
  weights: Tensors,
  inputs: Tensors,
): Promise<Tensors> {
  const executable = await compileWith(engine, program, weights);
  try {
    return await executable.run(inputs);
  } finally {
    await executable.dispose();
  }
}
