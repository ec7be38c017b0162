import { apply, type Op, ShapeError, sizeOf, type Value } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { oneHot } from "./gather.ts";
import { sum } from "./reduction.ts";
import { reshape } from "./shape.ts";
import { requireFloat, requireRank, requireShape } from "./shared.ts";
import { logSumExp, softmax } from "./softmax.ts";

/** −ln softmax(logits)[label] a row: logits [n, classes], labels int32 [n]; ∂logits = g·(softmax − oneHot) */
export const crossEntropyOp: Op = {
  name: "crossEntropy",
  shape: ([logits, labels]) => {
    requireFloat("crossEntropy", logits!);
    requireRank("crossEntropy", logits!, 2);
    requireShape("crossEntropy", "labels", labels!, [logits!.shape[0]!]);
    if (labels!.dtype !== "int32")
      throw new ShapeError(`crossEntropy: labels must be int32, got ${labels!.dtype}`);
    return [{ dtype: "float32", shape: [logits!.shape[0]!] }];
  },
  gradient: ({ inputs: [logits, labels] }, [g]) => [
    mul(reshape(g!, [g!.shape[0]!, 1]), sub(softmax(logits!), oneHot(labels!, logits!.shape[1]!))),
    null,
  ],
  cuts: () => [{ inputs: [0, 0], outputs: [0] }],
  cost: ([logits]) => ({ macs: 0, elementwise: 5 * sizeOf(logits!.shape) }),
  onnx: "decompose",
  decompose: ([logits, labels]) => [
    sub(logSumExp(logits!), sum(mul(logits!, oneHot(labels!, logits!.shape[1]!)), [-1])),
  ],
};

export const crossEntropy = (logits: Value, labels: Value): Value => apply(crossEntropyOp, [logits, labels]);
