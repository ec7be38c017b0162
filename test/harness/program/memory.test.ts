import { expect, it } from "vitest";
import { add, exp, mul, peakMemory, reshape, sum, trace, zeros } from "../../../harness/program/index.ts";

it("counts values from where they are made to where they are last read", () => {
  const program = trace("chain", (p) => {
    const x = p.input("x", [10]);
    // 40 bytes each: x, e; then e, f (x is let go); then f, its sum.
    p.output("y", sum(exp(exp(x))));
  });
  expect(peakMemory(program)).toEqual({ stateBytes: 0, valueBytes: 80 });
});

it("holds what is read later, and results to the end", () => {
  const program = trace("kept", (p) => {
    const x = p.input("x", [10]);
    const early = exp(x);
    const late = exp(exp(early));
    p.output("y", add(late, early));
    p.output("early", early);
  });
  // exp(early) and late beside early, or y beside early and late.
  expect(peakMemory(program).valueBytes).toBe(120);
});

it("takes a reshape for its input's memory, and states apart from what takes their place", () => {
  const program = trace("state", (p) => {
    const w = p.parameter("w", [10], zeros);
    p.update("w", reshape(mul(reshape(w, [2, 5]), p.input("a", [])), [10]));
  });
  expect(peakMemory(program)).toEqual({ stateBytes: 40, valueBytes: 44 });
});
