import { expect, it } from "vitest";
import { add, exp, mul, peakBytes, reshape, sum, trace, zeros } from "../../../harness/program/index.ts";

/** Bytes of 10 numbers. */
const TEN = 40;

it("a chain needs two of its values at a time, however long", () => {
  const chain = (length: number) =>
    trace("chain", (p) => {
      let value = p.input("x", [10]);
      for (let k = 0; k < length; k++) value = exp(value);
      p.output("y", value);
    });
  expect(peakBytes(chain(1))).toBe(TEN);
  expect(peakBytes(chain(2))).toBe(2 * TEN);
  expect(peakBytes(chain(9))).toBe(2 * TEN);
});

it("what is read again later stays, as activations do until the backward pass", () => {
  const program = trace("kept", (p) => {
    const first = exp(p.input("x", [10]));
    const second = exp(first);
    const third = exp(second);
    p.output("y", add(mul(third, second), first));
  });
  // first, second, third and their product
  expect(peakBytes(program)).toBe(4 * TEN);
});

it("a reshaped value takes no memory of its own, nor does a new state, nor an input", () => {
  const program = trace("free", (p) => {
    const made = exp(p.input("x", [10]));
    const weight = p.parameter("w", [10], zeros);
    p.update("w", add(weight, reshape(reshape(made, [2, 5]), [10])));
    p.output("y", sum(made));
  });
  // what was made and the sum of it
  expect(peakBytes(program)).toBe(TEN + 4);
});
