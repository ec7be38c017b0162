/** Every operation on the reference interpreter: its gradient rule, its cost rule, its decomposition. */
import { describe, expect, it } from "vitest";
import { OPS, type Program, type Tensors } from "../../harness/program/index.ts";
import { interpret } from "../reference/interpreter.ts";
import { CASES, OP_NAMES } from "./ops.ts";
import { caseProgram, differentiableInputs, inputsOf, nodeOf, type OpCase } from "./ops-case.ts";
import {
  decomposed,
  distance,
  gradientProgram,
  isDifferentiable,
  lossProgram,
  nudged,
} from "./ops-checks.ts";

const STEP = 1e-5;

/** ∂loss/∂x by central differences: error O(STEP²) and 1e-16/STEP, so about 1e-10. */
function finiteDifferences(program: Program, inputs: Tensors, name: string): Float64Array {
  const x = inputs[name]!;
  const lossAt = (i: number, by: number): number =>
    interpret(program, { ...inputs, [name]: nudged(x, i, by) }).outputs.loss!.data[0]!;
  return Float64Array.from(x.data, (_, i) => (lossAt(i, STEP) - lossAt(i, -STEP)) / (2 * STEP));
}

function expectGradients(testCase: OpCase, program: Program): void {
  const inputs = inputsOf(testCase);
  const { outputs } = interpret(program, inputs);
  const loss = lossProgram(testCase);
  for (const i of differentiableInputs(testCase)) {
    const expected = finiteDifferences(loss, inputs, `x${i}`);
    expect(distance(outputs[`g${i}`]!.data, expected), `gradient of input ${i}`).toBeLessThan(1e-7);
  }
}

it("has cases for every operation", () => {
  expect(OP_NAMES.toSorted()).toEqual(Object.keys(OPS).toSorted());
  for (const name of OP_NAMES) {
    expect(OPS[name].name).toBe(name);
    expect(CASES[name].length, name).toBeGreaterThan(0);
  }
});

describe.each(OP_NAMES)("%s", (name) => {
  describe.each(CASES[name].map((testCase) => [testCase.title, testCase] as const))("%s", (_, testCase) => {
    it("costs what a hand count says", () => {
      const { inputs, outputs, attributes } = nodeOf(caseProgram(testCase), OPS[name]);
      expect(OPS[name].cost(inputs, outputs, attributes)).toEqual(testCase.cost);
    });

    if (isDifferentiable(testCase))
      it("has the gradient of finite differences", () => {
        expectGradients(testCase, gradientProgram(testCase));
      });

    if ("decompose" in OPS[name])
      it("equals its decomposition", () => {
        const program = isDifferentiable(testCase) ? gradientProgram(testCase) : caseProgram(testCase);
        const parts = decomposed(program, name);
        expect(parts.nodes.some((node) => node.op === OPS[name])).toBe(false);
        const whole = interpret(program, inputsOf(testCase)).outputs;
        const apart = interpret(parts, inputsOf(testCase)).outputs;
        for (const [output, { data }] of Object.entries(whole))
          expect(distance(apart[output]!.data, data), output).toBeLessThan(1e-12);
      });
  });
});
