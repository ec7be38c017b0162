import { apply, type Op, type Value } from "../tensor.ts";
import { sum } from "./reduction.ts";
import { broadcastTo, reshape } from "./shape.ts";
import { freeCost, requireFloat, requireRank, sameAxes } from "./shared.ts";

/** Each pixel of x [N, C, H, W] repeated factor × factor; the adjoint sums each square. */
export const upsampleNearestOp: Op = {
  name: "upsampleNearest",
  shape: ([x], { factor }) => {
    requireFloat("upsampleNearest", x!);
    requireRank("upsampleNearest", x!, 4);
    const [n, c, h, w] = x!.shape as readonly [number, number, number, number];
    return [{ dtype: "float32", shape: [n, c, h * (factor as number), w * (factor as number)] }];
  },
  gradient: ({ inputs: [x], attributes }, [g]) => {
    const [n, c, h, w] = x!.shape as readonly [number, number, number, number];
    const factor = attributes.factor as number;
    return [reshape(sum(reshape(g!, [n * c, h, factor, w, factor]), [2, 4]), x!.shape)];
  },
  cuts: sameAxes(() => [0, 1]),
  cost: freeCost,
  onnx: (emit, [x], { outputs }) =>
    emit.node("Resize", [x!, "", "", emit.int64(outputs[0]!.shape)], {
      attributes: { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    }),
  decompose: ([x], { factor }) => {
    const [n, c, h, w] = x!.shape as readonly [number, number, number, number];
    const f = factor as number;
    const spread = broadcastTo(reshape(x!, [n * c, h, 1, w, 1]), [n * c, h, f, w, f]);
    return [reshape(spread, [n, c, h * f, w * f])];
  },
};

export const upsampleNearest = (x: Value, factor: number): Value =>
  factor === 1 ? x : apply(upsampleNearestOp, [x], { factor });
