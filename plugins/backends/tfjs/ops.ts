/** How TensorFlow.js computes an operation. Those that are not here are computed as their decompositions. */
import type { DType, Node, Shape } from "../../../harness/program/index.ts";
import { averagePool2d, conv2d, conv2dInputGradient, conv2dWeightGradient, maxPool2d } from "./images.ts";
import type { TensorFlow, TfTensor } from "./tensorflow.ts";

export type Run = (tf: TensorFlow, inputs: readonly TfTensor[], node: Node) => TfTensor | readonly TfTensor[];

type Unary = "abs" | "cos" | "erf" | "exp" | "floor" | "log" | "neg" | "relu" | "sigmoid" | "sign";
type Binary = "add" | "div" | "equal" | "greater" | "greaterEqual" | "maximum" | "minimum" | "mul" | "pow";

const unary =
  (name: Unary | "sin" | "sqrt" | "tanh"): Run =>
  (tf, [x]) =>
    tf[name](x!);
const binary =
  (name: Binary | "sub"): Run =>
  (tf, [a, b]) =>
    tf[name](a!, b!);
const reduction =
  (name: "max" | "sum"): Run =>
  (tf, [x], { attributes: { axes, keepDims } }) =>
    tf[name](x!, axes as readonly number[], keepDims as boolean);

/** Another handle on the same numbers. */
const same: Run = (tf, [x]) => tf.clone(x!);

const collective: Run = (tf, [x], { op, attributes: { world } }) => {
  if (world !== 1) throw new Error(`${op.name}: tfjs runs in one process, the program is one of ${world}`);
  return tf.clone(x!);
};

const slice: Run = (tf, [x], { attributes }) => {
  const { axis, start, end, step } = attributes as Record<"axis" | "start" | "end" | "step", number>;
  const begin = x!.shape.map((_, i) => (i === axis ? start : 0));
  if (step === 1)
    return tf.slice(
      x!,
      begin,
      x!.shape.map((side, i) => (i === axis ? end - start : side)),
    );
  return tf.stridedSlice(
    x!,
    begin,
    x!.shape.map((side, i) => (i === axis ? end : side)),
    x!.shape.map((_, i) => (i === axis ? step : 1)),
  );
};

const pad: Run = (tf, [x], { attributes }) => {
  const { axis, before, after } = attributes as Record<"axis" | "before" | "after", number>;
  return tf.pad(
    x!,
    x!.shape.map((_, i) => (i === axis ? [before, after] : [0, 0])),
  );
};

export const TFJS_OPS: Readonly<Record<string, Run>> = {
  abs: unary("abs"),
  add: binary("add"),
  allGather: collective,
  allReduce: collective,
  averagePool2d,
  broadcast: (tf, [x], { attributes }) => tf.broadcastTo(x!, attributes.shape as Shape),
  cast: (tf, [x], { attributes }) => tf.cast(x!, attributes.to as DType),
  clip: (tf, [x], { attributes: { low, high } }) => tf.clipByValue(x!, low as number, high as number),
  concat: (tf, inputs, { attributes }) => tf.concat(inputs, attributes.axis as number),
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  cos: unary("cos"),
  div: binary("div"),
  equal: binary("equal"),
  erf: unary("erf"),
  exp: unary("exp"),
  floor: unary("floor"),
  gather: (tf, [table, indices]) => tf.gather(table!, indices!, 0),
  greater: binary("greater"),
  greaterEqual: binary("greaterEqual"),
  linear: (tf, [x, weight, bias]) => tf.add(tf.matMul(x!, weight!, false, true), bias!),
  log: unary("log"),
  logSumExp: (tf, [x]) => tf.logSumExp(x!, -1),
  matmul: (tf, [a, b], { attributes: { transposeA, transposeB } }) =>
    tf.matMul(a!, b!, transposeA as boolean, transposeB as boolean),
  max: reduction("max"),
  maxPool2d,
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  mul: binary("mul"),
  neg: unary("neg"),
  ownRows: collective,
  pad,
  pow: binary("pow"),
  // Nodes run in their order here.
  ready: (tf) => tf.fill([], 0),
  reduceScatter: collective,
  relu: unary("relu"),
  reshape: (tf, [x], { attributes }) => tf.reshape(x!, attributes.shape as Shape),
  sigmoid: unary("sigmoid"),
  sign: unary("sign"),
  sin: unary("sin"),
  slice,
  softmax: (tf, [x]) => tf.softmax(x!, -1),
  split: (tf, [x], { attributes }) =>
    tf.split(x!, attributes.sizes as readonly number[], attributes.axis as number),
  sqrt: unary("sqrt"),
  stopGradient: same,
  sub: binary("sub"),
  sum: reduction("sum"),
  tanh: unary("tanh"),
  transpose: (tf, [x], { attributes }) => tf.transpose(x!, attributes.permutation as readonly number[]),
  where: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
};
