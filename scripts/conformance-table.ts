/**
 * `npm run conformance:table`: writes docs/backends.md, every operation on every backend that is here. Columns of
 * backends that are not here stay as they are.
 */
import { writeFileSync } from "node:fs";
import { UserError } from "../harness/errors.ts";
import type { Backend, BackendPlugin } from "../harness/plugin.ts";
import { OPS, type Program, type Tensors } from "../harness/program/index.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import openvino from "../plugins/backends/openvino/index.ts";
import tfjs from "../plugins/backends/tfjs/index.ts";
import torch from "../plugins/backends/torch/index.ts";
import { CASES, OP_NAMES } from "../test/conformance/ops.ts";
import { caseProgram, inputsOf } from "../test/conformance/ops-case.ts";
import { decomposed, distance, gradientProgram, isDifferentiable } from "../test/conformance/ops-checks.ts";
import { readTable, TABLE_FILE, type Table, tableText } from "../test/conformance/table.ts";
import { interpret } from "../test/reference/interpreter.ts";

const opening =
  <Options>(plugin: BackendPlugin<Options>, options: object) =>
  (): Promise<Backend> =>
    plugin.open(plugin.schema.parse(options));

const BACKENDS: Readonly<Record<string, () => Promise<Backend>>> = {
  onnxruntime: opening(onnxruntime, {}),
  torch: opening(torch, { device: "cpu", compile: false }),
  openvino: opening(openvino, {}),
  tfjs: opening(tfjs, {}),
};

for (const [name, open] of Object.entries(BACKENDS)) {
  try {
    const backend = await open();
    console.error(`${name} ${backend.version} …`);
    keep(name, `${name} ${backend.version}`, await columnOf(backend));
    await backend.close?.();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`${name} is not here: ${error.message}`);
  }
}

/** In place of the backend's column so far, of whatever version. */
function keep(name: string, title: string, column: Table[string]): void {
  const others = Object.entries(readTable()).filter(([other]) => !other.startsWith(`${name} `));
  const all = [...others, [title, column] as const];
  const ordered = Object.keys(BACKENDS).flatMap((one) =>
    all.filter(([other]) => other.startsWith(`${one} `)),
  );
  writeFileSync(TABLE_FILE, tableText(OP_NAMES, Object.fromEntries(ordered)));
}

async function columnOf(backend: Backend): Promise<Record<string, string>> {
  const column: Record<string, string> = {};
  for (const name of OP_NAMES) {
    let worst = 0;
    for (const one of CASES[name]) {
      const program = isDifferentiable(one) ? gradientProgram(one) : caseProgram(one);
      worst = Math.max(worst, await farthest(backend, program, inputsOf(one)));
      if ("decompose" in OPS[name])
        worst = Math.max(worst, await farthest(backend, decomposed(program, name), inputsOf(one)));
    }
    column[name] = worst === 0 ? "0" : worst.toExponential(0);
  }
  return column;
}

/** The largest distance of any output from the reference's. */
async function farthest(backend: Backend, program: Program, inputs: Tensors): Promise<number> {
  const executable = await backend.compile(program, {});
  const found = await executable.run(inputs);
  await executable.dispose();
  const expected = Object.entries(interpret(program, inputs).outputs);
  return Math.max(...expected.map(([name, { data }]) => distance(found[name]!.data, data)));
}
