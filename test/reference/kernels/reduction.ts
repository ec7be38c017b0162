/** Reductions, and what is defined row by row through them. */
import { type Attributes, sizeOf } from "../../../harness/program/tensor.ts";
import { type Array64, offsets, stridesOf } from "../array.ts";
import type { Kernel } from "./kernel.ts";

/** For each element of x, which element of the reduced tensor it belongs to. */
function places({ shape }: Array64, { axes }: Attributes): Int32Array {
  const reduced = axes as readonly number[];
  const kept = shape.map((side, axis) => (reduced.includes(axis) ? 1 : side));
  const strides = stridesOf(kept);
  return offsets(
    shape,
    strides.map((stride, axis) => (reduced.includes(axis) ? 0 : stride)),
  );
}

const reduction =
  (start: number, f: (total: number, x: number) => number): Kernel =>
  ([x], [shape], attributes) => {
    const y = new Float64Array(sizeOf(shape!)).fill(start);
    places(x!, attributes).forEach((place, i) => {
      y[place] = f(y[place]!, x!.data[i]!);
    });
    return [y];
  };

/** f of the numbers within the image of each window. */
const pooling =
  (f: (numbers: readonly number[]) => number): Kernel =>
  ([x], [shape], attributes) => {
    const { kernel, stride, padding } = attributes as Record<"kernel" | "stride" | "padding", number>;
    const [height, width] = x!.shape.slice(2) as [number, number];
    const within = (first: number, side: number): number[] =>
      Array.from({ length: kernel }, (_, k) => first + k).filter((at) => at >= 0 && at < side);
    return [
      Float64Array.from(offsets(shape!, stridesOf(shape!)), (at) => {
        const [rows, columns] = shape!.slice(2) as [number, number];
        const plane = Math.floor(at / (rows * columns)) * height * width;
        const row = (Math.floor(at / columns) % rows) * stride - padding;
        const column = (at % columns) * stride - padding;
        return f(
          within(row, height).flatMap((i) =>
            within(column, width).map((j) => x!.data[plane + i * width + j]!),
          ),
        );
      }),
    ];
  };

/** The rows of the last axis. */
function rowsOf({ shape, data }: Array64): Float64Array[] {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) =>
    data.subarray(row * width, (row + 1) * width),
  );
}

const total = (row: Float64Array): number => row.reduce((sum, x) => sum + x, 0);

const logSumExp = (row: Float64Array): number => {
  const peak = row.reduce((high, x) => Math.max(high, x));
  return peak + Math.log(total(row.map((x) => Math.exp(x - peak))));
};

/** e^(xᵢ)/Σ e^(xⱼ) = e^(xᵢ − ln Σ e^(xⱼ)) */
export const softmax = (row: Float64Array): Float64Array => {
  const scale = logSumExp(row);
  return row.map((x) => Math.exp(x - scale));
};

export const reductions = {
  averagePool2d: pooling((numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length),
  crossEntropy: ([logits, labels]) => [
    Float64Array.from(rowsOf(logits!), (row, i) => logSumExp(row) - (row[labels!.data[i]!] ?? 0)),
  ],
  logSumExp: ([x]) => [Float64Array.from(rowsOf(x!), logSumExp)],
  max: reduction(-Infinity, Math.max),
  maxPool2d: pooling((numbers) => Math.max(...numbers)),
  softmax: ([x]) => {
    const y = new Float64Array(x!.data.length);
    rowsOf(x!).forEach((row, i) => {
      y.set(softmax(row), i * row.length);
    });
    return [y];
  },
  // ∂y_j/∂x_i = y_j·(δ_ij − y_i)
  softmaxGradient: ([g, y]) => {
    const slopes = rowsOf(g!);
    return [
      Float64Array.from(
        rowsOf(y!).flatMap((row, at) => [
          ...row.map((yi, i) =>
            row.reduce((sum, yj, j) => sum + slopes[at]![j]! * yj * (Number(i === j) - yi), 0),
          ),
        ]),
      ),
    ];
  },
  sum: reduction(0, (sum, x) => sum + x),
} satisfies Record<string, Kernel>;
