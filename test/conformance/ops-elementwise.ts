/** Cases of element-wise operations. Inputs keep away from kinks, where finite differences say nothing. */
import {
  abs,
  add,
  cast,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  gelu,
  geluTanh,
  greater,
  greaterEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  OPS,
  type OpName,
  pow,
  relu,
  sigmoid,
  sign,
  silu,
  sin,
  sqrt,
  stopGradient,
  sub,
  tanh,
  type Value,
  where,
} from "../../harness/program/index.ts";
import { adamwUpdate } from "../../harness/program/ops/optimizer.ts";
import { apply } from "../../harness/program/tensor.ts";
import { bools, floats, floatsOf, ints, type OpCase, testCase } from "./ops-case.ts";

type Unary = (x: Value) => Value;
type Binary = (a: Value, b: Value) => Value;

/** A function of one input at rank 0, at an odd size, and at chosen values. `flops` an element. */
const unary = (f: Unary, flops: number, values: readonly number[]): readonly OpCase[] => [
  testCase("rank 0", [floatsOf([], [values[0]!])], (x) => f(x!), { elementwise: flops }),
  testCase("one element", [floatsOf([1, 1], [values[1]!])], (x) => f(x!), { elementwise: flops }),
  testCase("chosen values", [floatsOf([values.length], values)], (x) => f(x!), {
    elementwise: flops * values.length,
  }),
];

const signed = [0.5, -0.75, 1.25, -3.5, 2.9, -0.01, 7.5];
const positive = [0.5, 1, 2.25, 0.75, 40, 3, 0.1];

/** The backward pass of an activation. */
const slope = (op: OpName, flops: number): readonly OpCase[] => [
  testCase("rank 0", [floatsOf([], [3]), floatsOf([], [0.5])], (g, x) => apply(OPS[op], [g!, x!]), {
    elementwise: flops,
  }),
  testCase("chosen values", [floats([7]), floatsOf([7], signed)], (g, x) => apply(OPS[op], [g!, x!]), {
    elementwise: 7 * flops,
  }),
];

const binary = (f: Binary, low = -2, high = 2): readonly OpCase[] => [
  testCase("equal shapes", [floats([2, 3], low, high), floats([2, 3], low, high)], (a, b) => f(a!, b!), {
    elementwise: 6,
  }),
  testCase(
    "[2,3,5] with [3,1]",
    [floats([2, 3, 5], low, high), floats([3, 1], low, high)],
    (a, b) => f(a!, b!),
    {
      elementwise: 30,
    },
  ),
  testCase(
    "[1,3] with [4,1]: both repeated",
    [floats([1, 3], low, high), floats([4, 1], low, high)],
    (a, b) => f(a!, b!),
    {
      elementwise: 12,
    },
  ),
  testCase(
    "[1] with [1,1]: ranks differ, sizes do not",
    [floats([1], low, high), floats([1, 1], low, high)],
    (a, b) => f(a!, b!),
    {
      elementwise: 1,
    },
  ),
  testCase("a scalar first", [floats([], low, high), floats([7], low, high)], (a, b) => f(a!, b!), {
    elementwise: 7,
  }),
  testCase("rank 0", [floats([], low, high), floats([], low, high)], (a, b) => f(a!, b!), {
    elementwise: 1,
  }),
];

const comparison = (f: Binary): readonly OpCase[] => [
  testCase(
    "floats, some equal",
    [floatsOf([2, 3], [0, 1, -1, 0.5, 2, 2]), floatsOf([3], [0, 2, -1])],
    (a, b) => f(a!, b!),
    { elementwise: 6 },
  ),
  testCase("integers", [ints([4], [1, 2, 3, -1]), ints([], [2])], (a, b) => f(a!, b!), { elementwise: 4 }),
];

const adamw = (weightDecay: number, shape: readonly number[]): OpCase =>
  testCase(
    `weight decay ${weightDecay}`,
    [
      floats(shape),
      floats(shape),
      floats(shape),
      floats(shape, 0.1, 1),
      floatsOf([], [0.01]),
      floatsOf([], [1.7]),
      floatsOf([], [2.5]),
    ],
    (...inputs) => {
      const [parameter, g, m, v, learningRate, correction1, correction2] = inputs as [
        Value,
        Value,
        Value,
        Value,
        Value,
        Value,
        Value,
      ];
      const scalars = { learningRate, correction1, correction2 };
      const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay };
      const next = adamwUpdate(parameter, g, m, v, scalars, settings);
      return [next.parameter, next.m, next.v];
    },
    // m: 2, v: 3, θ: 6
    { elementwise: 11 * shape.reduce((a, b) => a * b, 1) },
    [],
  );

export const elementwiseCases = {
  abs: unary(abs, 1, signed),
  adamwUpdate: [adamw(0.1, [3, 2]), adamw(0, [5])],
  add: binary(add),
  cast: [
    testCase("float32 to int32 drops the fraction", [floatsOf([6], [0, 1.9, -1.9, 2, -0.2, 300.7])], (x) =>
      cast(x!, "int32"),
    ),
    testCase("int32 to float32", [ints([2, 2], [0, -3, 7, 65536])], (x) => cast(x!, "float32")),
    testCase("bool to float32", [bools([3], [0, 1, 1])], (x) => cast(x!, "float32")),
    testCase("float32 to bool", [floatsOf([4], [0, 0.5, -2, 1])], (x) => cast(x!, "bool")),
    testCase("int32 to bool, rank 0", [ints([], [5])], (x) => cast(x!, "bool")),
  ],
  clip: unary((x) => clip(x, -1, 2), 2, signed),
  cos: unary(cos, 1, signed),
  div: binary(div, 0.5, 2),
  equal: [
    ...comparison(equal),
    testCase("booleans", [bools([2], [1, 0]), bools([2], [1, 1])], (a, b) => equal(a!, b!), {
      elementwise: 2,
    }),
  ],
  erf: unary(erf, 1, signed),
  exp: unary(exp, 1, signed),
  floor: unary(floor, 1, signed),
  gelu: unary(gelu, 5, signed),
  geluGradient: slope("geluGradient", 10),
  geluTanh: unary(geluTanh, 8, signed),
  geluTanhGradient: slope("geluTanhGradient", 18),
  greater: comparison(greater),
  greaterEqual: comparison(greaterEqual),
  log: unary(log, 1, positive),
  maximum: binary(maximum),
  minimum: binary(minimum),
  mul: [...binary(mul), testCase("by itself", [floats([5])], (x) => mul(x!, x!), { elementwise: 5 })],
  neg: unary(neg, 1, signed),
  pow: [
    ...binary(pow, 0.5, 2),
    testCase(
      "a negative base with whole exponents",
      [floatsOf([4], [-2, -0.5, -1.5, -3])],
      (x) => pow(x!, 3),
      {
        elementwise: 4,
      },
    ),
  ],
  relu: unary(relu, 1, signed),
  sigmoid: unary(sigmoid, 1, [...signed, 30, -30]),
  sign: unary(sign, 1, signed),
  silu: unary(silu, 2, [...signed, 30, -30]),
  siluGradient: slope("siluGradient", 6),
  sin: unary(sin, 1, signed),
  sqrt: unary(sqrt, 1, positive),
  stopGradient: [testCase("passes x on", [floats([2, 3])], (x) => stopGradient(x!), {}, [])],
  sub: binary(sub),
  tanh: unary(tanh, 1, signed),
  where: [
    testCase(
      "equal shapes",
      [bools([2, 2], [1, 0, 0, 1]), floats([2, 2]), floats([2, 2])],
      (c, a, b) => where(c!, a!, b!),
      { elementwise: 4 },
    ),
    testCase(
      "every operand repeated",
      [bools([3, 1], [1, 0, 1]), floats([2, 1, 1]), floats([4])],
      (c, a, b) => where(c!, a!, b!),
      { elementwise: 24 },
    ),
    testCase(
      "integers",
      [bools([3], [1, 0, 1]), ints([3], [1, 2, 3]), ints([], [-1])],
      (c, a, b) => where(c!, a!, b!),
      { elementwise: 3 },
    ),
  ],
} satisfies Record<string, readonly OpCase[]>;
