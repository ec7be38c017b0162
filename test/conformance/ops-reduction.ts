/** Cases of reductions, softmax and normalisations. */
import {
  averagePool2d,
  batchNorm,
  crossEntropy,
  groupNorm,
  layerNorm,
  logSumExp,
  max,
  maxPool2d,
  OPS,
  type PoolingOptions,
  softmax,
  sum,
  type Value,
} from "../../harness/program/index.ts";
import { apply, applyAll } from "../../harness/program/tensor.ts";
import { floats, floatsOf, ints, type OpCase, testCase } from "./ops-case.ts";

type Reduction = (x: Value, axes?: readonly number[], keepDims?: boolean) => Value;

const reduction = (f: Reduction): readonly OpCase[] => [
  testCase("all axes", [floats([2, 3])], (x) => f(x!), { elementwise: 6 }),
  testCase("the first axis", [floats([3, 2])], (x) => f(x!, [0]), { elementwise: 6 }),
  testCase("the last axis, kept", [floats([2, 3])], (x) => f(x!, [-1], true), { elementwise: 6 }),
  testCase("two of four axes, out of order", [floats([2, 3, 2, 5])], (x) => f(x!, [-1, 1]), {
    elementwise: 60,
  }),
  testCase("an axis of one element", [floats([2, 1, 2])], (x) => f(x!, [1]), { elementwise: 4 }),
  testCase("a vector of one", [floats([1])], (x) => f(x!, [0]), { elementwise: 1 }),
];

type Pooling = (x: Value, options: PoolingOptions) => Value;

/** Costs: outputs × numbers of a window. */
const pooling = (f: Pooling): readonly OpCase[] => [
  testCase("3×3 padded", [floats([2, 3, 4, 5])], (x) => f(x!, { kernel: 3, padding: 1 }), {
    elementwise: 120 * 9,
  }),
  testCase("stride 2 that leaves a row", [floats([1, 2, 6, 5])], (x) => f(x!, { kernel: 3, stride: 2 }), {
    elementwise: 8 * 9,
  }),
  testCase("stride 2, padded", [floats([1, 2, 4, 3])], (x) => f(x!, { kernel: 2, stride: 2, padding: 1 }), {
    elementwise: 12 * 4,
  }),
  testCase("stride beyond the window", [floats([1, 1, 7, 7])], (x) => f(x!, { kernel: 2, stride: 4 }), {
    elementwise: 4 * 4,
  }),
  testCase(
    "all negative, so that the padding would win",
    [floats([1, 1, 3, 3], -3, -1)],
    (x) => f(x!, { kernel: 3, padding: 1 }),
    { elementwise: 81 },
  ),
  testCase("windows of one", [floats([1, 2, 2, 2])], (x) => f(x!, { kernel: 1 }), { elementwise: 8 }),
];

/** Rows of unequal spread, one far from zero. */
const rows = floatsOf([3, 4], [1, 2, -1, 0.5, 100, 101, 99, 100.5, -3, -3, 0, 8]);

export const reductionCases = {
  averagePool2d: pooling(averagePool2d),
  batchNorm: [
    testCase(
      "a batch of five",
      [floats([5, 3]), floats([3]), floats([3])],
      (x, scale, bias) => {
        const { y, mean, variance } = batchNorm(x!, scale!, bias!);
        return [y, mean, variance];
      },
      { elementwise: 105 },
    ),
    testCase(
      "a large ε",
      [floats([2, 2]), floats([2]), floats([2])],
      (x, scale, bias) => batchNorm(x!, scale!, bias!, 0.5).y,
      { elementwise: 28 },
    ),
  ],
  crossEntropy: [
    testCase("three rows", [rows, ints([3], [0, 3, 1])], (x, i) => crossEntropy(x!, i!), { elementwise: 60 }),
    testCase("one class", [floats([2, 1]), ints([2], [0, 0])], (x, i) => crossEntropy(x!, i!), {
      elementwise: 10,
    }),
  ],
  groupNorm: [
    testCase(
      "two groups of three channels",
      [floats([2, 6, 2, 3]), floats([6]), floats([6])],
      (x, scale, bias) => groupNorm(x!, scale!, bias!, 2),
      { elementwise: 504 },
    ),
    testCase(
      "a group a channel",
      [floats([1, 3, 2, 2]), floats([3]), floats([3])],
      (x, scale, bias) => groupNorm(x!, scale!, bias!, 3),
      { elementwise: 84 },
    ),
    testCase(
      "one group, no space, a large ε",
      [floats([3, 4]), floats([4]), floats([4])],
      (x, scale, bias) => groupNorm(x!, scale!, bias!, 1, 0.1),
      { elementwise: 84 },
    ),
  ],
  layerNorm: [
    testCase(
      "affine",
      [floats([2, 3, 5]), floats([5]), floats([5])],
      (x, scale, bias) => layerNorm(x!, scale!, bias!),
      { elementwise: 210 },
    ),
    testCase("neither scale nor bias", [floats([3, 4])], (x) => layerNorm(x!), { elementwise: 84 }),
    testCase(
      "a vector, a large ε",
      [floats([6]), floats([6]), floats([6])],
      (x, scale, bias) => layerNorm(x!, scale!, bias!, 0.25),
      { elementwise: 42 },
    ),
  ],
  layerNormGradient: [
    testCase(
      "three axes",
      [floats([2, 3, 5]), floats([2, 3, 5]), floats([5]), floats([2, 3, 1]), floats([2, 3, 1], 0.5, 1)],
      (...inputs) => applyAll(OPS.layerNormGradient, inputs),
      { elementwise: 390 },
    ),
    testCase(
      "a vector",
      [floats([4]), floats([4]), floats([4]), floats([1]), floats([1], 0.5, 1)],
      (...inputs) => applyAll(OPS.layerNormGradient, inputs),
      { elementwise: 52 },
    ),
  ],
  logSumExp: [
    testCase("rows far apart", [rows], (x) => logSumExp(x!), { elementwise: 48 }),
    testCase("a vector", [floats([5])], (x) => logSumExp(x!), { elementwise: 20 }),
    testCase("three axes", [floats([2, 3, 2])], (x) => logSumExp(x!), { elementwise: 48 }),
  ],
  max: reduction(max),
  maxPool2d: pooling(maxPool2d),
  softmax: [
    testCase("rows far apart", [rows], (x) => softmax(x!), { elementwise: 60 }),
    testCase("a vector", [floats([5])], (x) => softmax(x!), { elementwise: 25 }),
    testCase("rows of one", [floats([3, 1])], (x) => softmax(x!), { elementwise: 15 }),
    testCase("four axes", [floats([2, 1, 3, 2])], (x) => softmax(x!), { elementwise: 60 }),
  ],
  softmaxGradient: [
    testCase("three rows", [floats([3, 4]), rows], (g, x) => apply(OPS.softmaxGradient, [g!, softmax(x!)]), {
      elementwise: 48,
    }),
    testCase("a vector", [floats([5]), floats([5])], (g, y) => apply(OPS.softmaxGradient, [g!, y!]), {
      elementwise: 20,
    }),
  ],
  sum: reduction(sum),
} satisfies Record<string, readonly OpCase[]>;
