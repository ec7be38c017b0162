/** Gives the worker a program as its graph and constants. */
import { UserError } from "../../../harness/errors.ts";
import type { Executable } from "../../../harness/plugin.ts";
import type { Program, RankProgram, Tensors } from "../../../harness/program/index.ts";
import { compileIn } from "../worker/executable.ts";
import { spell } from "./spell.ts";
import type { TorchWorker } from "./worker.ts";

/** @param rank what of it the worker's ranks each have, where it has several */
export async function compile(
  worker: TorchWorker,
  program: Program,
  given: Tensors,
  rank: RankProgram = { program, inputs: {}, states: new Set() },
): Promise<Executable> {
  requireOps(worker, rank.program);
  const { spec, constants } = spell(rank.program);
  const cut = { inputs: rank.inputs, states: [...rank.states] };
  return compileIn(worker, program, given, { header: { spec, cut }, tensors: constants });
}

function requireOps({ hello }: TorchWorker, { name, nodes }: Program): void {
  const missing = new Set(nodes.map(({ op }) => op.name).filter((op) => !hello.ops.includes(op)));
  if (missing.size > 0)
    throw new UserError(
      `backend torch: the program ${name} has operations its worker does not know: ${[...missing].join(", ")}`,
      "run it on another backend: --backend onnxruntime",
    );
}
