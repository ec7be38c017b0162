/** Every operation on a backend, with its gradient, whole and decomposed, against the reference. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../harness/plugin.ts";
import { OPS, type Program, type Tensors, trace } from "../../harness/program/index.ts";
import { interpret } from "../reference/interpreter.ts";
import { CASES, OP_NAMES } from "./ops.ts";
import { caseProgram, inputsOf } from "./ops-case.ts";
import { decomposed, distance, gradientProgram, isDifferentiable } from "./ops-checks.ts";

/** Of a tensor's largest number: float32 keeps 6e-8, TF32 5e-4, bfloat16 4e-3, and some operations add a hundred numbers. */
const TOLERANCE = { float32: 1e-5, tensorfloat32: 6e-3, bfloat16: 5e-2 } as const;

async function expectReference(backend: Backend, program: Program, inputs: Tensors): Promise<void> {
  const expected = interpret(program, inputs).outputs;
  const executable = await backend.compile(program, {});
  try {
    const outputs = await executable.run(inputs);
    expect(Object.keys(outputs).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, tensor] of Object.entries(expected)) {
      const { dtype, shape, data } = outputs[name]!;
      expect({ dtype, shape }, name).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
      const limit = dtype === "float32" ? TOLERANCE[backend.precision] : 0;
      expect(distance(data, tensor.data), `${name}: ${data} beside ${tensor.data}`).toBeLessThanOrEqual(
        limit,
      );
    }
  } finally {
    await executable.dispose();
  }
}

export function backendComputes(backend: () => Backend): void {
  describe.each(OP_NAMES)("computes %s", (name) => {
    it.each(CASES[name].map((testCase) => [testCase.title, testCase] as const))("%s", async (_, testCase) => {
      const program = isDifferentiable(testCase) ? gradientProgram(testCase) : caseProgram(testCase);
      await expectReference(backend(), program, inputsOf(testCase));
      if ("decompose" in OPS[name])
        await expectReference(backend(), decomposed(program, name), inputsOf(testCase));
    });
  });
}

/** Every case of every operation in one program: for a backend that takes seconds to compile one. */
export function backendComputesAtOnce(backend: () => Backend): void {
  it("computes every operation in one program", async () => {
    const cases = OP_NAMES.flatMap((name) => CASES[name].map((one, i) => [`${name} ${i}`, one] as const));
    const program = trace("every operation", (p) => {
      for (const [key, { inputs, build }] of cases) {
        const values = inputs.map(({ shape, dtype }, i) => p.input(`${key} x${i}`, shape, dtype));
        [build(...values)].flat().forEach((value, i) => {
          p.output(`${key} y${i}`, value);
        });
      }
    });
    const inputs = cases.flatMap(([key, one]) =>
      Object.entries(inputsOf(one)).map(([name, tensor]) => [`${key} ${name}`, tensor]),
    );
    await expectReference(backend(), program, Object.fromEntries(inputs));
  });
}
