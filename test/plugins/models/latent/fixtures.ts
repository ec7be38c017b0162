/** Programs on the default backend. */
import type { Program, Tensors } from "../../../../harness/program/index.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";

const backend = await onnxruntime.open({ threads: 1 } as never);

export const compile = backend.compile;

export async function runOnce(program: Program, state: Tensors, inputs: Tensors): Promise<Tensors> {
  const executable = await compile(program, state);
  const outputs = await executable.run(inputs);
  await executable.dispose();
  return outputs;
}
