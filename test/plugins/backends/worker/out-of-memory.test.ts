import { expect, it } from "vitest";
import { adamw, exp, mul, ones, sum, trace } from "../../../../harness/program/index.ts";
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
  expect(needOf(program, deviceBytes)).not.toContain("recompute");
});

/** An input of 4 MB, and eight blocks that keep 12 MB each. */
const deep = trace("deep", (p) => {
  const w = p.parameter("w", [], ones);
  let x = p.input("x", [1e6]);
  for (let i = 0; i < 8; i++) {
    const before = x;
    x = p.block(() => exp(mul(exp(mul(exp(mul(before, w)), w)), w)));
  }
  const loss = sum(x);
  p.output("loss", loss);
  adamw(p, loss, { beta1: 0.9, beta2: 0.99, weightDecay: 0 });
});

it.each([
  [90e6, "; the device has 90 MB; with recompute: true it would fit, and without it 1/2 of the batch"],
  [
    18e6,
    "; 1/8 of the batch at once would fit: give that as microBatch where the model has one, or as batchSize; with recompute: true, 1/4",
  ],
])("tells what recomputation saves of %d bytes", (deviceBytes, message) => {
  expect(needOf(deep, deviceBytes)).toContain(message);
});
