/** Cases of matrix products, and convolution with its adjoints. */
import {
  type ConvolutionOptions,
  conv2d,
  linear,
  matmul,
  OPS,
  type Shape,
} from "../../harness/program/index.ts";
import { apply } from "../../harness/program/tensor.ts";
import { floats, type OpCase, testCase } from "./ops-case.ts";

const matrices = (
  title: string,
  a: Shape,
  b: Shape,
  macs: number,
  options: { transposeA?: boolean; transposeB?: boolean } = {},
): OpCase => testCase(title, [floats(a), floats(b)], (x, y) => matmul(x!, y!, options), { macs });

interface Convolution {
  readonly title: string;
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
  readonly options: ConvolutionOptions;
  /** Elements of y × taps × channels a group. */
  readonly macs: number;
}

const convolutions: readonly Convolution[] = [
  {
    title: "3×3 padded",
    x: [2, 3, 4, 5],
    weight: [4, 3, 3, 3],
    y: [2, 4, 4, 5],
    options: { padding: 1 },
    macs: 160 * 27,
  },
  {
    title: "a padding wider than the kernel",
    x: [1, 2, 2, 3],
    weight: [2, 2, 1, 2],
    y: [1, 2, 4, 7],
    options: { padding: [2, 3, 1, 1] },
    macs: 56 * 4,
  },
  { title: "1×1", x: [2, 3, 2, 2], weight: [2, 3, 1, 1], y: [2, 2, 2, 2], options: {}, macs: 16 * 3 },
  {
    title: "stride 2 that leaves a row",
    x: [1, 2, 6, 5],
    weight: [3, 2, 3, 3],
    y: [1, 3, 2, 2],
    options: { stride: 2 },
    macs: 12 * 18,
  },
  {
    title: "padding of each side its own",
    x: [1, 2, 5, 4],
    weight: [2, 2, 3, 2],
    y: [1, 2, 3, 3],
    options: { stride: 2, padding: [0, 2, 1, 1] },
    macs: 18 * 12,
  },
  {
    title: "padding right and bottom (downsampling)",
    x: [1, 1, 4, 4],
    weight: [1, 1, 3, 3],
    y: [1, 1, 2, 2],
    options: { stride: 2, padding: [0, 1, 0, 1] },
    macs: 4 * 9,
  },
  {
    title: "two groups",
    x: [2, 4, 3, 3],
    weight: [6, 2, 3, 3],
    y: [2, 6, 3, 3],
    options: { padding: 1, groups: 2 },
    macs: 108 * 18,
  },
  {
    title: "depthwise, stride 2",
    x: [1, 3, 5, 5],
    weight: [3, 1, 3, 3],
    y: [1, 3, 3, 3],
    options: { stride: 2, padding: 1, groups: 3 },
    macs: 27 * 9,
  },
  {
    title: "patches: stride as wide as the kernel",
    x: [2, 3, 4, 8],
    weight: [5, 3, 4, 4],
    y: [2, 5, 1, 2],
    options: { stride: 4 },
    macs: 20 * 48,
  },
  {
    title: "stride beyond the kernel",
    x: [1, 1, 7, 7],
    weight: [1, 1, 2, 2],
    y: [1, 1, 2, 2],
    options: { stride: 4 },
    macs: 4 * 4,
  },
];

const geometry = ({ stride = 1, padding = 0, groups = 1 }: ConvolutionOptions) => ({
  stride,
  padding: typeof padding === "number" ? [padding, padding, padding, padding] : padding,
  groups,
});

const oneGroup = convolutions.filter(({ options }) => (options.groups ?? 1) === 1);

export const productCases = {
  conv2d: convolutions.flatMap(({ title, x, weight, y, options, macs }) => [
    testCase(title, [floats(x), floats(weight)], (a, w) => conv2d(a!, w!, undefined, options), { macs }),
    testCase(
      `${title}, with bias`,
      [floats(x), floats(weight), floats([weight[0]!])],
      (a, w, b) => conv2d(a!, w!, b!, options),
      { macs, elementwise: y.reduce((a, b) => a * b, 1) },
    ),
  ]),
  conv2dInputGradient: convolutions.map(({ title, x, weight, y, options, macs }) =>
    testCase(
      title,
      [floats(y), floats(weight)],
      (g, w) => apply(OPS.conv2dInputGradient, [g!, w!], { ...geometry(options), shape: x }),
      { macs },
    ),
  ),
  conv2dWeightGradient: oneGroup.map(({ title, x, weight, y, options, macs }) =>
    testCase(
      title,
      [floats(x), floats(y)],
      (a, g) => apply(OPS.conv2dWeightGradient, [a!, g!], { ...geometry(options), shape: weight }),
      { macs },
    ),
  ),
  linear: [
    testCase("rows", [floats([3, 4]), floats([5, 4]), floats([5])], (x, w, b) => linear(x!, w!, b!), {
      macs: 60,
      elementwise: 15,
    }),
    testCase(
      "four axes",
      [floats([2, 1, 3, 2]), floats([3, 2]), floats([3])],
      (x, w, b) => linear(x!, w!, b!),
      {
        macs: 36,
        elementwise: 18,
      },
    ),
    testCase("one by one", [floats([1, 1]), floats([1, 1]), floats([1])], (x, w, b) => linear(x!, w!, b!), {
      macs: 1,
      elementwise: 1,
    }),
  ],
  matmul: [
    matrices("[2,3]·[3,4]", [2, 3], [3, 4], 24),
    matrices("[3,2]ᵀ·[3,4]", [3, 2], [3, 4], 24, { transposeA: true }),
    matrices("[2,3]·[4,3]ᵀ", [2, 3], [4, 3], 24, { transposeB: true }),
    matrices("[3,2]ᵀ·[4,3]ᵀ", [3, 2], [4, 3], 24, { transposeA: true, transposeB: true }),
    matrices("batched", [2, 3, 4], [2, 4, 2], 48),
    matrices("batched, left transposed", [2, 4, 3], [2, 4, 2], 48, { transposeA: true }),
    matrices("batched, right transposed", [2, 3, 4], [2, 2, 4], 48, { transposeB: true }),
    matrices("two batch axes, both transposed", [2, 1, 4, 3], [2, 1, 2, 4], 48, {
      transposeA: true,
      transposeB: true,
    }),
    matrices("a row by a column", [1, 5], [5, 1], 5),
    matrices("a column by a row", [5, 1], [1, 2], 10),
  ],
} satisfies Record<string, readonly OpCase[]>;
