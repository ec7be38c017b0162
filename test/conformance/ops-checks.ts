/** Programs and numbers a case is checked with, on whatever runs it. */
import {
  constant,
  gradients,
  mul,
  OPS,
  type OpName,
  type Program,
  sizeOf,
  sum,
  type Tensor,
  type TensorData,
  type Value,
} from "../../harness/program/index.ts";
import { decomposing, simplify } from "../../harness/program/simplify.ts";
import { caseProgram, differentiableInputs, type OpCase, uniforms } from "./ops-case.ts";

/** Σ y·r with fixed random r: a scalar whose gradient sees every element of y. */
function projection(y: Value): Value {
  const weights = uniforms(sizeOf(y.shape), 77).map((u) => 2 * u - 1);
  return sum(mul(y, constant({ dtype: "float32", shape: y.shape, data: weights })));
}

/** Whether there is a gradient to check: a first output and an input of floats. */
export const isDifferentiable = (testCase: OpCase): boolean => {
  const { y0 } = caseProgram(testCase).outputs;
  return y0!.dtype === "float32" && testCase.inputs.some((x) => x.dtype === "float32");
};

/** The case with its random projection as output `loss`. */
export const lossProgram = (testCase: OpCase): Program =>
  caseProgram(testCase, ([y], _, output) => output("loss", projection(y!)));

/** The case's results `y…` and the gradients `g…` of the projection, one an input differentiated. */
export const gradientProgram = (testCase: OpCase): Program =>
  caseProgram(testCase, ([y], inputs, output) => {
    const variables = differentiableInputs(testCase);
    const found = gradients(
      projection(y!),
      variables.map((i) => inputs[i]!),
    );
    variables.forEach((i, k) => {
      output(`g${i}`, found[k]!);
    });
  });

/** The program with `name` replaced by its decomposition wherever it stands. */
export const decomposed = (program: Program, name: OpName): Program => ({
  ...program,
  ...simplify(
    program,
    decomposing(({ op }) => op === OPS[name]),
  ),
});

/** max|a − b| / max(max|b|, floor): how far a tensor is from the reference, the reference's size being 1. */
export function distance(a: TensorData, b: TensorData, floor = 1): number {
  let difference = a.length === b.length ? 0 : Infinity;
  let size = floor;
  for (let i = 0; i < b.length; i++) {
    const gap = Math.abs(a[i]! - b[i]!);
    // NaN where only one has it compares as far away; equal infinities as equal.
    if (!Object.is(a[i], b[i]) && !(gap <= difference)) difference = Number.isNaN(gap) ? Infinity : gap;
    if (Number.isFinite(b[i])) size = Math.max(size, Math.abs(b[i]!));
  }
  return difference / size;
}

/** `tensor` in float64 with `by` added to element i. */
export const nudged = ({ dtype, shape, data }: Tensor, i: number, by: number): Tensor => {
  const moved = Float64Array.from(data);
  moved[i]! += by;
  return { dtype, shape, data: moved };
};
