import { describe, expect, it } from "vitest";
import {
  add,
  normal,
  ones,
  type Program,
  sum,
  trace,
  truncatedNormal,
  uniform,
} from "../../../harness/program/index.ts";
import { createStream } from "../../../harness/random/index.ts";
import { initialState } from "../../../harness/run/initial-state.ts";

const program = (order: readonly string[]): Program =>
  trace("states", (p) => {
    const kinds = { a: normal(2), b: uniform(0.5), c: ones, d: truncatedNormal(1.5) } as const;
    const values = order.map((name) => p.parameter(name, [1000], kinds[name as keyof typeof kinds]));
    const copy = p.state("copy", [1000], { kind: "copyOf", state: "a" });
    p.output("loss", sum([...values, copy].reduce((x, y) => add(x, y))));
  });

describe("initialState", () => {
  it("draws every state from its own name, whatever the order", () => {
    const one = initialState(program(["a", "b", "c", "d"]), createStream(1));
    const other = initialState(program(["d", "c", "b", "a"]), createStream(1));
    for (const name of ["a", "b", "c", "d", "copy"]) expect(one[name]!.data).toEqual(other[name]!.data);
    expect(one.a!.data).not.toEqual(initialState(program(["a", "b", "c", "d"]), createStream(2)).a!.data);
  });

  it("draws from the distribution asked for", () => {
    const { a, b, c, d } = initialState(program(["a", "b", "c", "d"]), createStream(3));
    const deviation = (data: ArrayLike<number>): number =>
      Math.sqrt(Array.from(data).reduce((sum, x) => sum + x * x, 0) / data.length);
    expect(deviation(a!.data)).toBeCloseTo(2, 0);
    expect(Math.max(...b!.data)).toBeLessThanOrEqual(0.5);
    expect(Math.min(...b!.data)).toBeLessThan(-0.4);
    expect(c!.data).toEqual(new Float32Array(1000).fill(1));
    expect(Math.max(...d!.data)).toBeLessThanOrEqual(2);
  });

  it("copies what was given for a state", () => {
    const given = { dtype: "float32", shape: [1000], data: new Float32Array(1000).fill(7) } as const;
    const state = initialState(program(["a", "b", "c", "d"]), createStream(1), { a: given });
    expect(state.copy!.data).toEqual(given.data);
  });

  it("refuses states the program does not have", () => {
    const given = { dtype: "float32", shape: [1], data: new Float32Array(1) } as const;
    expect(() => initialState(program(["a"]), createStream(1), { z: given })).toThrow(
      "states has no state z",
    );
  });
});
