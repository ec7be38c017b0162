/** The part of TensorFlow.js that programs are run with (@tensorflow/tfjs-core 4). */
import type { DType, Shape, TensorData } from "../../../harness/program/index.ts";

export interface TfTensor {
  readonly shape: number[];
  dataSync(): TensorData;
  dispose(): void;
}

type Unary = (x: TfTensor) => TfTensor;
type Binary = (a: TfTensor, b: TfTensor) => TfTensor;
type Reduction = (x: TfTensor, axes: readonly number[], keepDims: boolean) => TfTensor;
type Pool = (x: TfTensor, kernel: number, stride: number, padding: "valid") => TfTensor;
type Pair = readonly [number, number];

type UnaryName =
  | ("abs" | "clone" | "cos" | "erf" | "exp" | "floor" | "log" | "neg" | "relu")
  | ("sigmoid" | "sign" | "sin" | "sqrt" | "tanh");
type BinaryName =
  | ("add" | "div" | "equal" | "greater" | "greaterEqual" | "maximum" | "minimum" | "mul")
  | ("pow" | "sub");

export interface TensorFlow
  extends Readonly<Record<UnaryName, Unary>>,
    Readonly<Record<BinaryName, Binary>>,
    Readonly<Record<"max" | "sum", Reduction>>,
    Readonly<Record<"maxPool" | "avgPool", Pool>> {
  readonly version: Readonly<Record<string, string>>;
  ready(): Promise<void>;
  backend(): { readonly isUsingGpuDevice?: boolean };
  enableProdMode(): void;
  tidy<Result>(body: () => Result): Result;
  tensor(data: TensorData, shape: Shape, dtype: DType): TfTensor;
  fill(shape: Shape, value: number): TfTensor;
  broadcastTo(x: TfTensor, shape: Shape): TfTensor;
  cast(x: TfTensor, to: DType): TfTensor;
  clipByValue(x: TfTensor, low: number, high: number): TfTensor;
  concat(inputs: readonly TfTensor[], axis: number): TfTensor;
  /** x [N, H, W, C], filter [h, w, C, O]. */
  conv2d(x: TfTensor, filter: TfTensor, stride: number, padding: "valid"): TfTensor;
  /** Its adjoint in x: the filter is conv2d's own. */
  conv2dTranspose(g: TfTensor, filter: TfTensor, shape: Shape, stride: number, padding: "valid"): TfTensor;
  /** filter [h, w, C, multiplier]. */
  depthwiseConv2d(x: TfTensor, filter: TfTensor, stride: number, padding: "valid"): TfTensor;
  gather(table: TfTensor, indices: TfTensor, axis: number): TfTensor;
  logSumExp(x: TfTensor, axis: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  pad(x: TfTensor, widths: readonly Pair[], value?: number): TfTensor;
  reshape(x: TfTensor, shape: Shape): TfTensor;
  slice(x: TfTensor, begin: Shape, size: Shape): TfTensor;
  softmax(x: TfTensor, axis: number): TfTensor;
  split(x: TfTensor, sizes: readonly number[], axis: number): TfTensor[];
  stridedSlice(x: TfTensor, begin: Shape, end: Shape, steps: Shape): TfTensor;
  transpose(x: TfTensor, permutation: readonly number[]): TfTensor;
  where(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor;
  /** Kernels that have no function of their own. */
  engine(): {
    runKernel(
      name: string,
      inputs: Readonly<Record<string, TfTensor>>,
      attributes: Readonly<Record<string, unknown>>,
    ): TfTensor;
  };
}
