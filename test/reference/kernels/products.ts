/** Matrix products, convolution and attention: sums of products, written as such. */
import type { Shape } from "../../../harness/program/index.ts";
import { type Attributes, sizeOf } from "../../../harness/program/tensor.ts";
import type { Array64 } from "../array.ts";
import type { Kernel } from "./kernel.ts";
import { softmax } from "./reduction.ts";

const matmul: Kernel = ([a, b], [shape], { transposeA, transposeB }) => {
  const [m, n] = shape!.slice(-2) as [number, number];
  const k = a!.shape.at(transposeA ? -2 : -1)!;
  const [aRow, aInner] = transposeA ? [1, m] : [k, 1];
  const [bInner, bColumn] = transposeB ? [1, k] : [n, 1];
  const y = new Float64Array(sizeOf(shape!));
  for (let batch = 0; batch < y.length / (m * n); batch++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let inner = 0; inner < k; inner++)
          sum +=
            a!.data[batch * m * k + i * aRow + inner * aInner]! *
            b!.data[batch * k * n + inner * bInner + j * bColumn]!;
        y[(batch * m + i) * n + j] = sum;
      }
  return [y];
};

const linear: Kernel = ([x, weight, bias], [shape]) => {
  const [n, to] = shape as [number, number];
  const from = x!.shape[1]!;
  const y = new Float64Array(n * to);
  for (let row = 0; row < n; row++)
    for (let o = 0; o < to; o++) {
      let sum = bias!.data[o]!;
      for (let i = 0; i < from; i++) sum += x!.data[row * from + i]! * weight!.data[o * from + i]!;
      y[row * to + o] = sum;
    }
  return [y];
};

/**
 * Visits every product y[n,o,i,j] ∋ w[o,c,u,v] · x[n, c, i·stride+u−top, j·stride+v−left] of a convolution, as
 * positions in y, w and x. The convolution and both of its adjoints are sums over these.
 */
function eachTap(
  [batch, channels, height, width]: Shape,
  [outChannels, depth, kh, kw]: Shape,
  [, , rows, columns]: Shape,
  attributes: Attributes,
  visit: (y: number, w: number, x: number) => void,
): void {
  const { stride, groups } = attributes as Record<"stride" | "groups", number>;
  const [left, , top] = attributes.padding as readonly [number, number, number, number];
  const perGroup = outChannels! / groups;
  for (let n = 0; n < batch!; n++)
    for (let o = 0; o < outChannels!; o++)
      for (let c = 0; c < depth!; c++) {
        const plane = (n * channels! + Math.floor(o / perGroup) * depth! + c) * height!;
        for (let i = 0; i < rows!; i++)
          for (let u = 0; u < kh!; u++) {
            const row = i * stride + u - top;
            if (row < 0 || row >= height!) continue;
            for (let j = 0; j < columns!; j++)
              for (let v = 0; v < kw!; v++) {
                const column = j * stride + v - left;
                if (column < 0 || column >= width!) continue;
                visit(
                  ((n * outChannels! + o) * rows! + i) * columns! + j,
                  ((o * depth! + c) * kh! + u) * kw! + v,
                  (plane + row) * width! + column,
                );
              }
          }
      }
}

const conv2d: Kernel = ([x, w, bias], [shape], attributes) => {
  const area = shape![2]! * shape![3]!;
  const channels = shape![1]!;
  const y = Float64Array.from({ length: sizeOf(shape!) }, (_, i) =>
    bias ? bias.data[Math.floor(i / area) % channels]! : 0,
  );
  eachTap(x!.shape, w!.shape, shape!, attributes, (at, tap, from) => {
    y[at]! += w!.data[tap]! * x!.data[from]!;
  });
  return [y];
};

const conv2dInputGradient: Kernel = ([g, w], [shape], attributes) => {
  const dx = new Float64Array(sizeOf(shape!));
  eachTap(shape!, w!.shape, g!.shape, attributes, (at, tap, from) => {
    dx[from]! += w!.data[tap]! * g!.data[at]!;
  });
  return [dx];
};

const conv2dWeightGradient: Kernel = ([x, g], [shape], attributes) => {
  const dw = new Float64Array(sizeOf(shape!));
  eachTap(x!.shape, shape!, g!.shape, attributes, (at, tap, from) => {
    dw[tap]! += x!.data[from]! * g!.data[at]!;
  });
  return [dw];
};

interface Attended {
  readonly output: Float64Array;
  /** Softmax of the scores, a row a query. */
  readonly weights: Float64Array;
  readonly logSums: Float64Array;
}

function attend(q: Array64, k: Array64, v: Array64, scale: number): Attended {
  const [batch, heads, queries, width] = q.shape as readonly [number, number, number, number];
  const [keys, valueWidth] = [k.shape[2]!, v.shape[3]!];
  const rows = batch * heads * queries;
  const output = new Float64Array(rows * valueWidth);
  const weights = new Float64Array(rows * keys);
  const logSums = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / queries);
    const scores = Float64Array.from({ length: keys }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < width; d++)
        sum += q.data[row * width + d]! * k.data[(head * keys + j) * width + d]!;
      return scale * sum;
    });
    const p = softmax(scores);
    weights.set(p, row * keys);
    logSums[row] = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
    p.forEach((weight, j) => {
      for (let d = 0; d < valueWidth; d++)
        output[row * valueWidth + d]! += weight * v.data[(head * keys + j) * valueWidth + d]!;
    });
  }
  return { output, weights, logSums };
}

const attention: Kernel = ([q, k, v], _, { scale }) => {
  const { output, logSums } = attend(q!, k!, v!, scale as number);
  return [output, logSums];
};

/** Weight by weight: p_ij of row i moves ∂v_j by p_ij·g_i, and score s_ij by p_ij·(g_i·v_j − Σ_m p_im·g_i·v_m). */
const attentionGradient: Kernel = ([g, q, k, v], shapes, attributes) => {
  const scale = attributes.scale as number;
  const [, , queries, width] = q!.shape as readonly [number, number, number, number];
  const [keys, valueWidth] = [k!.shape[2]!, v!.shape[3]!];
  const { weights } = attend(q!, k!, v!, scale);
  const [dq, dk, dv] = shapes.map((shape) => new Float64Array(sizeOf(shape)));
  for (let row = 0; row < weights.length / keys; row++) {
    const first = Math.floor(row / queries) * keys;
    const p = weights.subarray(row * keys, (row + 1) * keys);
    const pull = p.map((_, j) => {
      let sum = 0;
      for (let d = 0; d < valueWidth; d++)
        sum += g!.data[row * valueWidth + d]! * v!.data[(first + j) * valueWidth + d]!;
      return sum;
    });
    const expected = p.reduce((sum, weight, j) => sum + weight * pull[j]!, 0);
    p.forEach((weight, j) => {
      const score = scale * weight * (pull[j]! - expected);
      for (let d = 0; d < width; d++) {
        dq![row * width + d]! += score * k!.data[(first + j) * width + d]!;
        dk![(first + j) * width + d]! += score * q!.data[row * width + d]!;
      }
      for (let d = 0; d < valueWidth; d++)
        dv![(first + j) * valueWidth + d]! += weight * g!.data[row * valueWidth + d]!;
    });
  }
  return [dq!, dk!, dv!];
};

export const products = {
  attention,
  attentionGradient,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  linear,
  matmul,
} satisfies Record<string, Kernel>;
