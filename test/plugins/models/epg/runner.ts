/** Runs a program once or more on a backend and measures how far results are from a reference. */
import type { Executable } from "../../../../harness/plugin.ts";
import {
  gradients,
  type Program,
  type Tensor,
  type TensorData,
  type Tensors,
  type Tracer,
  trace,
  type Value,
} from "../../../../harness/program/index.ts";
import backend from "../../../../plugins/backends/onnxruntime/index.ts";

/** max|Δ| / max|reference| */
export function relativeError(found: Tensor, reference: Tensor): number {
  if (found.data.length !== reference.data.length)
    throw new Error(`sizes differ: ${found.shape} and ${reference.shape}`);
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < reference.data.length; i++) {
    const delta = Math.abs(found.data[i]! - reference.data[i]!);
    difference = Math.max(difference, delta);
    scale = Math.max(scale, Math.abs(reference.data[i]!));
  }
  return difference / (scale || 1);
}

/** As `trace`, with every parameter's gradient as output `grad.<name>`. */
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

const asFloat32 = (tensor: Tensor): Tensor =>
  tensor.dtype === "float32" ? { ...tensor, data: Float32Array.from(tensor.data as Float64Array) } : tensor;

export async function compile(program: Program, state: Tensors): Promise<Executable> {
  const { compile } = await backend.open({ threads: 2 });
  const states = Object.fromEntries(
    program.states.map(({ name, value, initialiser }) => {
      const given = state[name];
      if (given) return [name, asFloat32(given)];
      if (initialiser.kind === "copyOf") return [name, asFloat32(state[initialiser.state]!)];
      if (initialiser.kind !== "constant") throw new Error(`state ${name} was not given`);
      const data: TensorData = new Float32Array(value.shape.reduce((a, b) => a * b, 1)).fill(
        initialiser.value,
      );
      return [name, { dtype: "float32", shape: value.shape, data } as const];
    }),
  );
  return compile(program, states);
}

const toInputs = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, asFloat32(tensor)]));

export async function runOnce(program: Program, state: Tensors, inputs: Tensors): Promise<Tensors> {
  const executable = await compile(program, state);
  try {
    return await executable.run(toInputs(inputs));
  } finally {
    await executable.dispose();
  }
}
