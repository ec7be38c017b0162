/** Gives the worker a program as its graph and constants. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import type { Program, Tensors } from "../../../harness/program/index.ts";
import { compileIn } from "../worker/executable.ts";
import { spell } from "./spell.ts";
import type { TorchWorker } from "./worker.ts";

export async function compile(worker: TorchWorker, program: Program, given: Tensors): Promise<Executable> {
  requireOps(worker, program);
  const { spec, constants } = spell(program);
  return compileIn(worker, program, given, { header: { spec }, tensors: constants });
}

function requireOps({ hello }: TorchWorker, { name, nodes }: Program): void {
  const missing = new Set(nodes.map(({ op }) => op.name).filter((op) => !hello.ops.includes(op)));
  if (missing.size > 0)
    throw new UserError(
      `backend torch: the program ${name} has operations its worker does not know: ${[...missing].join(", ")}`,
      "run it on another backend: --backend onnxruntime",
    );
}
