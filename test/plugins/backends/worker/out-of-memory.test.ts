import { expect, it } from "vitest";
import { exp, mul, ones, sum, trace } from "../../../../harness/program/index.ts";
import { needOf } from "../../../../plugins/backends/worker/out-of-memory.ts";

/** 4 MB of state, 4 MB in its place, 8 MB of input, 8 MB of values beside it. */
const program = trace("large", (p) => {
  const w = p.parameter("w", [1e6], ones);
  p.output("y", sum(exp(p.input("x", [2e6]))));
  p.update("w", mul(w, 2));
});

it.each([
  [0, "by the program it needs about 24 MB at once, 4 MB of them states; a smaller batch"],
  [17e6, "; the device has 17 MB; 1/2 of the batch at once would fit: give that as microBatch"],
  [11e6, "; 1/8 of the batch at once would fit"],
  [5e6, "alone do not fit"],
  [1e9, "others hold memory of the device"],
])("tells what is needed, and what fits into %d bytes", (deviceBytes, message) => {
  expect(needOf(program, deviceBytes)).toContain(message);
});
