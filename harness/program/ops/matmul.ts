/** Matrix products. */
import { apply, type Op, type Shape, ShapeError, sizeOf, type Value } from "../tensor.ts";
import { add } from "./arithmetic.ts";
import { sum } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { requireEqual, requireFloat, requireRank, requireShape } from "./shared.ts";

interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const matrixSides = (shape: Shape, transposed: boolean): readonly [number, number] => {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
};

const lastTwoSwapped = (rank: number): number[] => [...Array(rank - 2).keys(), rank - 1, rank - 2];

/** Y = op(A)·op(B) for each index of the leading axes, which must be equal; op transposes the last two axes or does nothing. */
export const matmulOp: Op = {
  name: "matmul",
  shape: ([a, b], { transposeA, transposeB }) => {
    requireFloat("matmul", a!, b!);
    const batch = a!.shape.slice(0, -2);
    if (Math.min(a!.shape.length, b!.shape.length) < 2)
      throw new ShapeError(`matmul: expected rank ≥ 2, got [${a!.shape}] and [${b!.shape}]`);
    if (a!.shape.length !== b!.shape.length || batch.join() !== b!.shape.slice(0, -2).join())
      throw new ShapeError(`matmul: leading axes must be equal, got [${a!.shape}] and [${b!.shape}]`);
    const [m, k] = matrixSides(a!.shape, transposeA as boolean);
    const [k2, n] = matrixSides(b!.shape, transposeB as boolean);
    requireEqual("matmul", `inner sides of [${a!.shape}] and [${b!.shape}]`, k, k2);
    return [{ dtype: "float32", shape: [...batch, m, n] }];
  },
  // Y = A·B: ∂A = G·Bᵀ, ∂B = Aᵀ·G; a transposed operand's gradient is the transpose of that.
  gradient: ({ inputs, attributes }, [g]) => {
    const [a, b] = inputs as readonly [Value, Value];
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    return [
      transposeA
        ? matmul(b, g!, { transposeA: transposeB, transposeB: true })
        : matmul(g!, b, { transposeB: !transposeB }),
      transposeB
        ? matmul(g!, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g!, { transposeA: !transposeA }),
    ];
  },
  cuts: ([a], _, { transposeA, transposeB }) => {
    const rank = a!.shape.length;
    const [rows, columns] = [rank - 2, rank - 1];
    return [
      ...[...Array(rank - 2).keys()].map((axis) => ({ inputs: [axis, axis], outputs: [axis] })),
      { inputs: [transposeA ? columns : rows, null], outputs: [rows] },
      { inputs: [null, transposeB ? rows : columns], outputs: [columns] },
      { inputs: [transposeA ? rows : columns, transposeB ? columns : rows], outputs: ["sum"] },
    ];
  },
  cost: ([a], [y], { transposeA }) => ({
    macs: sizeOf(y!.shape) * matrixSides(a!.shape, transposeA as boolean)[1],
    elementwise: 0,
  }),
  onnx: (emit, [a, b], { inputs, attributes }) => {
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    const rank = inputs[0]!.shape.length;
    if (rank === 2)
      return emit.node("Gemm", [a!, b!], {
        attributes: { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } },
      });
    const operand = (name: string, transposed: boolean): string =>
      transposed ? emit.node("Transpose", [name], { attributes: { perm: lastTwoSwapped(rank) } })[0]! : name;
    return emit.node("MatMul", [operand(a!, transposeA), operand(b!, transposeB)]);
  },
};

/** Batched product over the last two axes. */
export const matmul = (
  a: Value,
  b: Value,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Value => apply(matmulOp, [a, b], { transposeA, transposeB });

/** Y = X·Wᵀ + b: X [n, in], W [out, in], b [out] */
export const linearOp: Op = {
  name: "linear",
  shape: ([x, weight, bias]) => {
    requireFloat("linear", x!, weight!, bias!);
    requireRank("linear", x!, 2);
    requireRank("linear", weight!, 2);
    requireEqual(
      "linear",
      `inner sides of [${x!.shape}] and [${weight!.shape}]`,
      x!.shape[1]!,
      weight!.shape[1]!,
    );
    requireShape("linear", "bias", bias!, [weight!.shape[0]!]);
    return [{ dtype: "float32", shape: [x!.shape[0]!, weight!.shape[0]!] }];
  },
  gradient: ({ inputs: [x, weight] }, [g]) => [
    matmul(g!, weight!),
    matmul(g!, x!, { transposeA: true }),
    sum(g!, [0]),
  ],
  cuts: () => [
    { inputs: [0, null, null], outputs: [0] },
    { inputs: [null, 0, 0], outputs: [1] },
  ],
  cost: ([x, weight], [y]) => ({
    macs: x!.shape[0]! * sizeOf(weight!.shape),
    elementwise: sizeOf(y!.shape),
  }),
  onnx: (emit, inputs) => emit.node("Gemm", inputs, { attributes: { transB: { int: 1 } } }),
  decompose: ([x, weight, bias]) => [add(matmul(x!, weight!, { transposeB: true }), bias!)],
};

/** x·Wᵀ (+ b) over the last axis of x, whatever its rank. */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  const width = x.shape.at(-1)!;
  const rows = reshape(x, [sizeOf(x.shape) / width, width]);
  const y = bias ? apply(linearOp, [rows, weight, bias]) : matmul(rows, weight, { transposeB: true });
  return reshape(y, [...x.shape.slice(0, -1), weight.shape[0]!]);
}
