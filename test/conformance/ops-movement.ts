/** Cases of operations that move elements: they cost nothing. */
import {
  allGather,
  allReduce,
  broadcastTo,
  concat,
  constant,
  gather,
  mul,
  oneHot,
  ownRows,
  pad,
  reduceScatter,
  reshape,
  slice,
  split,
  transpose,
  upsampleNearest,
  waitFor,
} from "../../harness/program/index.ts";
import { bools, floats, floatsOf, ints, type OpCase, testCase } from "./ops-case.ts";

export const movementCases = {
  allGather: [testCase("one process", [floats([2, 3])], (x) => allGather(x!, 1))],
  allReduce: [testCase("one process", [floats([2, 3])], (x) => allReduce(x!, 1))],
  broadcast: [
    testCase("a scalar", [floats([])], (x) => broadcastTo(x!, [2, 3])),
    testCase("middle and leading axes", [floats([3, 1, 2])], (x) => broadcastTo(x!, [2, 3, 4, 2])),
    testCase("[3] to [1,3]: the same elements", [floats([3])], (x) => broadcastTo(x!, [1, 3])),
    testCase("integers", [ints([2, 1], [1, 2])], (x) => broadcastTo(x!, [2, 2])),
    testCase("booleans", [bools([2], [1, 0])], (x) => broadcastTo(x!, [3, 2])),
  ],
  concat: [
    testCase("two, first axis", [floats([2, 3]), floats([1, 3])], (a, b) => concat([a!, b!], 0)),
    testCase("three, last axis by its negative", [floats([2, 1]), floats([2, 3]), floats([2, 2])], (...x) =>
      concat(x, -1),
    ),
    testCase("a value with itself", [floats([2, 2])], (x) => concat([x!, x!], 1)),
    testCase("integers", [ints([2], [1, 2]), ints([1], [3])], (...x) => concat(x, 0)),
  ],
  constant: [
    testCase("floats", [], () => constant(floatsOf([2, 2], [1, -2.5, 3, 0.1]))),
    testCase("integers", [], () => constant(ints([3], [1, -2, 3]))),
    testCase("booleans", [], () => constant(bools([2], [1, 0]))),
    testCase("a number", [], () => constant(0.1)),
    testCase("more than sixteen elements", [], () => constant(floats([4, 5]))),
  ],
  gather: [
    testCase("rows, one twice", [floats([4, 3]), ints([3], [2, 0, 2])], (x, i) => gather(x!, i!)),
    testCase("a table of scalars by a matrix", [floats([5]), ints([2, 2], [4, 0, 1, 1])], (x, i) =>
      gather(x!, i!),
    ),
    testCase("one row, rank 0", [floats([3, 2, 2]), ints([], [1])], (x, i) => gather(x!, i!)),
  ],
  oneHot: [
    testCase("a vector, first and last class", [ints([4], [0, 2, 1, 2])], (x) => oneHot(x!, 3)),
    testCase("outside 0 … depth − 1 there is no one", [ints([5], [-1, 3, -3, 0, 100])], (x) => oneHot(x!, 3)),
    testCase("a matrix, one class", [ints([2, 2], [0, 0, 1, 0])], (x) => oneHot(x!, 1)),
    testCase("rank 0", [ints([], [2])], (x) => oneHot(x!, 4)),
  ],
  ownRows: [testCase("one process", [floats([2, 3])], (x) => ownRows(x!, 1))],
  pad: [
    testCase("before only", [floats([2, 3])], (x) => pad(x!, 0, 2, 0)),
    testCase("unequal, last axis by its negative", [floats([2, 3])], (x) => pad(x!, -1, 1, 3)),
    testCase("middle axis", [floats([2, 1, 2])], (x) => pad(x!, 1, 0, 1)),
    testCase("integers", [ints([2], [1, 2])], (x) => pad(x!, 0, 1, 1)),
  ],
  ready: [
    testCase(
      "whatever is waited for",
      [floats([2, 2]), floatsOf([], [7]), floatsOf([2, 1, 2], [Infinity, 1, 2, 3]), floats([5])],
      (x, ...others) => waitFor(x!, others),
    ),
  ],
  reduceScatter: [testCase("one process", [floats([2, 3])], (x) => reduceScatter(x!, 1))],
  reshape: [
    testCase("to another rank", [floats([2, 6])], (x) => reshape(x!, [3, 2, 2])),
    testCase("to rank 0", [floats([1, 1])], (x) => reshape(x!, [])),
    testCase("from rank 0", [floats([])], (x) => reshape(x!, [1, 1, 1])),
    testCase("booleans", [bools([4], [1, 0, 0, 1])], (x) => reshape(x!, [2, 2])),
  ],
  slice: [
    testCase("a middle part", [floats([2, 5])], (x) => slice(x!, 1, 1, 4)),
    testCase("a step that divides", [floats([6, 2])], (x) => slice(x!, 0, 0, 6, 2)),
    testCase("a step that does not divide", [floats([7])], (x) => slice(x!, 0, 1, 6, 3)),
    testCase("a step over the last axis by its negative", [floats([2, 5])], (x) => slice(x!, -1, 2, 5, 2)),
    testCase("a step beyond the end", [floats([5])], (x) => slice(x!, 0, 3, 5, 10)),
    testCase("integers", [ints([3], [1, 2, 3])], (x) => slice(x!, 0, 1, 3)),
  ],
  split: [
    testCase("three parts", [floats([2, 6])], (x) => split(x!, 1, 3)),
    testCase("parts of unequal sizes", [floats([2, 6])], (x) => split(x!, 1, [1, 3, 2])),
    testCase("two parts of the first axis, the first unread", [floats([4, 3])], (x) => split(x!, 0, 2)[1]!),
    testCase("two parts together", [floats([2, 2, 3])], (x) => {
      const [a, b] = split(x!, -2, 2);
      return mul(a!, b!);
    }),
    testCase("integers", [ints([2], [1, 2])], (x) => split(x!, 0, 2)),
  ],
  transpose: [
    testCase("a matrix", [floats([2, 3])], (x) => transpose(x!, [1, 0])),
    testCase("a cycle of three", [floats([2, 3, 4])], (x) => transpose(x!, [1, 2, 0])),
    testCase("five axes", [floats([2, 1, 3, 2, 2])], (x) => transpose(x!, [2, 0, 3, 1, 4])),
    testCase("booleans", [bools([2, 2], [1, 1, 0, 0])], (x) => transpose(x!, [1, 0])),
  ],
  upsampleNearest: [
    testCase("twice", [floats([2, 3, 2, 3])], (x) => upsampleNearest(x!, 2)),
    testCase("three times one pixel", [floats([1, 1, 1, 1])], (x) => upsampleNearest(x!, 3)),
  ],
} satisfies Record<string, readonly OpCase[]>;
