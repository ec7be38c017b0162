/** Matrix products, convolution and attention: sums of products, written as such. */
import type { Shape } from "../../../harness/program/index.ts";
import { type Attributes, sizeOf } from "../../../harness/program/tensor.ts";
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

const attention: Kernel = ([q, k, v], [shape, scoreShape], attributes) => {
  const scale = attributes.scale as number;
  const [, , queries, width] = q!.shape as readonly [number, number, number, number];
  const [keys, valueWidth] = [k!.shape[2]!, v!.shape[3]!];
  const output = new Float64Array(sizeOf(shape!));
  const weights = new Float64Array(sizeOf(scoreShape!));
  for (let row = 0; row < sizeOf(q!.shape.slice(0, 3)); row++) {
    const head = Math.floor(row / queries);
    const scores = Float64Array.from({ length: keys }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < width; d++)
        sum += q!.data[row * width + d]! * k!.data[(head * keys + j) * width + d]!;
      return scale * sum;
    });
    const p = softmax(scores);
    weights.set(p, row * keys);
    p.forEach((weight, j) => {
      for (let d = 0; d < valueWidth; d++)
        output[row * valueWidth + d]! += weight * v!.data[(head * keys + j) * valueWidth + d]!;
    });
  }
  return [output, weights];
};

export const products = {
  attention,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  linear,
  matmul,
} satisfies Record<string, Kernel>;
