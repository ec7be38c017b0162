/** The table of operations: a backend that handles these handles every program. */
import type { Op } from "../tensor.ts";
import * as activation from "./activation.ts";
import * as arithmetic from "./arithmetic.ts";
import { attentionGradientOp, attentionOp } from "./attention.ts";
import * as collectives from "./collectives.ts";
import * as comparison from "./comparison.ts";
import { constantOp } from "./constant.ts";
import * as convolution from "./convolution.ts";
import { crossEntropyOp } from "./cross-entropy.ts";
import * as elementwise from "./elementwise.ts";
import { gatherOp, oneHotOp } from "./gather.ts";
import { linearOp, matmulOp } from "./matmul.ts";
import * as normalization from "./normalization.ts";
import { adamwUpdateOp } from "./optimizer.ts";
import * as pooling from "./pooling.ts";
import { readyOp } from "./ready.ts";
import { maxOp, sumOp } from "./reduction.ts";
import { upsampleNearestOp } from "./resize.ts";
import * as shape from "./shape.ts";
import { logSumExpOp, softmaxGradientOp, softmaxOp } from "./softmax.ts";

export const OPS = {
  abs: elementwise.absOp,
  adamwUpdate: adamwUpdateOp,
  add: arithmetic.addOp,
  allGather: collectives.allGatherOp,
  allReduce: collectives.allReduceOp,
  attention: attentionOp,
  attentionGradient: attentionGradientOp,
  averagePool2d: pooling.averagePool2dOp,
  batchNorm: normalization.batchNormOp,
  broadcast: shape.broadcastOp,
  cast: elementwise.castOp,
  clip: elementwise.clipOp,
  concat: shape.concatOp,
  constant: constantOp,
  conv2d: convolution.conv2dOp,
  conv2dInputGradient: convolution.conv2dInputGradientOp,
  conv2dWeightGradient: convolution.conv2dWeightGradientOp,
  cos: elementwise.cosOp,
  crossEntropy: crossEntropyOp,
  div: arithmetic.divOp,
  equal: comparison.equalOp,
  erf: elementwise.erfOp,
  exp: elementwise.expOp,
  floor: elementwise.floorOp,
  gather: gatherOp,
  gelu: activation.geluOp,
  geluGradient: activation.geluGradientOp,
  geluTanh: activation.geluTanhOp,
  geluTanhGradient: activation.geluTanhGradientOp,
  greater: comparison.greaterOp,
  greaterEqual: comparison.greaterEqualOp,
  groupNorm: normalization.groupNormOp,
  layerNorm: normalization.layerNormOp,
  layerNormGradient: normalization.layerNormGradientOp,
  linear: linearOp,
  log: elementwise.logOp,
  logSumExp: logSumExpOp,
  matmul: matmulOp,
  max: maxOp,
  maxPool2d: pooling.maxPool2dOp,
  maximum: arithmetic.maximumOp,
  minimum: arithmetic.minimumOp,
  mul: arithmetic.mulOp,
  neg: elementwise.negOp,
  oneHot: oneHotOp,
  ownRows: collectives.ownRowsOp,
  pad: shape.padOp,
  pow: arithmetic.powOp,
  ready: readyOp,
  reduceScatter: collectives.reduceScatterOp,
  relu: elementwise.reluOp,
  reshape: shape.reshapeOp,
  sigmoid: elementwise.sigmoidOp,
  sign: elementwise.signOp,
  silu: activation.siluOp,
  siluGradient: activation.siluGradientOp,
  sin: elementwise.sinOp,
  slice: shape.sliceOp,
  softmax: softmaxOp,
  softmaxGradient: softmaxGradientOp,
  split: shape.splitOp,
  sqrt: elementwise.sqrtOp,
  stopGradient: elementwise.stopGradientOp,
  sub: arithmetic.subOp,
  sum: sumOp,
  tanh: elementwise.tanhOp,
  transpose: shape.transposeOp,
  upsampleNearest: upsampleNearestOp,
  where: comparison.whereOp,
} satisfies Readonly<Record<string, Op>>;

export type OpName = keyof typeof OPS;

export { gelu, geluTanh, silu } from "./activation.ts";
export { add, div, maximum, minimum, mul, pow, square, sub } from "./arithmetic.ts";
export { attention } from "./attention.ts";
export { allGather, allReduce, ownRows, reduceScatter } from "./collectives.ts";
export { equal, greater, greaterEqual, where } from "./comparison.ts";
export { constant, type Operand } from "./constant.ts";
export { type ConvolutionOptions, conv2d } from "./convolution.ts";
export { crossEntropy } from "./cross-entropy.ts";
export {
  abs,
  cast,
  clip,
  cos,
  erf,
  exp,
  floor,
  log,
  neg,
  relu,
  sigmoid,
  sign,
  sin,
  sqrt,
  stopGradient,
  tanh,
} from "./elementwise.ts";
export { gather, oneHot } from "./gather.ts";
export { linear, matmul } from "./matmul.ts";
export { batchNorm, batchNormWith, groupNorm, layerNorm } from "./normalization.ts";
export { averagePool2d, maxPool2d, type PoolingOptions } from "./pooling.ts";
export { waitFor } from "./ready.ts";
export { max, mean, sum } from "./reduction.ts";
export { upsampleNearest } from "./resize.ts";
export { broadcastTo, concat, pad, reshape, slice, split, transpose } from "./shape.ts";
export { logSumExp, softmax } from "./softmax.ts";
