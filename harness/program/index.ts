/** Typed tensor programs: written once, differentiated, counted, lowered and run anywhere. */
export { macsOf, type ProgramCost } from "./cost.ts";
export { gradients } from "./gradient.ts";
export {
  type Initialiser,
  normal,
  ones,
  truncatedNormal,
  uniform,
  xavierUniform,
  zeros,
} from "./initialiser.ts";
export { type Accumulated, microBatches, type PartLoss } from "./micro-batches.ts";
export { lower, type StoredState, toOnnx } from "./onnx/index.ts";
export * from "./ops/index.ts";
export { type AdamWOptions, type AdamWStep, adamw, adamwInputs, scalar } from "./optimizers.ts";
export { peakBytes } from "./peak.ts";
export { mixedPrecision } from "./precision.ts";
export { acrossRanks, batchInputs, type RankOptions, type RankProgram } from "./ranks/across-ranks.ts";
export {
  bytesOf,
  type DType,
  hostType,
  type Node,
  type OnnxEmitter,
  type OnnxLowering,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type Tensor,
  type TensorData,
  type Tensors,
  type TensorType,
  type Value,
} from "./tensor.ts";
export { type Program, type State, type Tracer, trace } from "./trace.ts";
