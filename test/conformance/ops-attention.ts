/** Cases of attention and its backward pass. */
import { attention, OPS, type Shape } from "../../harness/program/index.ts";
import { applyAll, type Cost } from "../../harness/program/tensor.ts";
import { floats, type OpCase, testCase } from "./ops-case.ts";

/** Of the O and L that the forward pass hands on. */
const attentionGradient = (title: string, q: Shape, k: Shape, v: Shape, cost: Partial<Cost>): OpCase =>
  testCase(
    title,
    [floats([...q.slice(0, 3), v[3]!]), floats(q), floats(k), floats(v)],
    (g, ...inputs) => {
      const outputs = applyAll(OPS.attention, inputs, { scale: 0.4 });
      return applyAll(OPS.attentionGradient, [g!, ...inputs, ...outputs], { scale: 0.4 });
    },
    cost,
  );

export const attentionCases = {
  attention: [
    testCase(
      "tokens attending to themselves",
      [floats([2, 3, 4, 5]), floats([2, 3, 4, 5]), floats([2, 3, 4, 5])],
      (q, k, v) => attention(q!, k!, v!),
      // 2·3·4·4 scores: 5 + 5 products each, softmax 5 and scale 1
      { macs: 96 * 10, elementwise: 96 * 6 },
    ),
    testCase(
      "other keys than queries, another width of values, a scale",
      [floats([1, 2, 3, 4]), floats([1, 2, 5, 4]), floats([1, 2, 5, 2])],
      (q, k, v) => attention(q!, k!, v!, 0.3),
      { macs: 30 * 6, elementwise: 30 * 6 },
    ),
    testCase("one token for all", [floats([1, 1, 1, 2])], (x) => attention(x!, x!, x!), {
      macs: 4,
      elementwise: 6,
    }),
  ],
  attentionGradient: [
    attentionGradient("tokens attending to themselves", [2, 3, 4, 5], [2, 3, 4, 5], [2, 3, 4, 5], {
      macs: 96 * 20,
      elementwise: 96 * 5,
    }),
    attentionGradient("other keys than queries", [1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 4], {
      macs: 30 * 16,
      elementwise: 30 * 5,
    }),
    attentionGradient("another width of values", [1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 2], {
      macs: 30 * 12,
      elementwise: 30 * 5,
    }),
  ],
} satisfies Record<string, readonly OpCase[]>;
