import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  attention,
  constant,
  exp,
  gelu,
  layerNorm,
  lower,
  mul,
  neg,
  type Program,
  sub,
  type Tensors,
  type Tracer,
  trace,
  zeros,
} from "../../../harness/program/index.ts";
import { decomposing, simplify } from "../../../harness/program/simplify.ts";
import { verify } from "../../../harness/program/verify.ts";
import { floats } from "../../conformance/ops-case.ts";
import { distance } from "../../conformance/ops-checks.ts";
import { interpret } from "../../reference/interpreter.ts";
import { instructions, randomGraph } from "./graphs.ts";

const names = (program: Pick<Program, "nodes">): string[] => program.nodes.map(({ op }) => op.name);

describe("simplify", () => {
  it("makes equal computations once", () => {
    const program = trace("equal", (p) => {
      const x = p.input("x", [2]);
      p.output("y", add(exp(neg(x)), exp(neg(x))));
      p.output("z", exp(neg(x)));
    });
    expect(names(program)).toEqual(["neg", "exp", "add"]);
  });

  it("tells attributes, constants and operands apart", () => {
    const program = trace("unequal", (p) => {
      const [x, y] = [p.input("x", [2]), p.input("y", [2])];
      const values = [add(x, 1), add(x, 2), sub(x, y), sub(y, x), mul(x, constant(floats([20]).shape[0]!))];
      values.forEach((value, i) => {
        p.output(`${i}`, value);
      });
    });
    expect(names(program).filter((name) => name !== "constant")).toEqual(["add", "add", "sub", "sub", "mul"]);
  });

  it("merges equal constants, small ones by value, and not unequal ones", () => {
    const data = Float32Array.from({ length: 20 }, (_, i) => i);
    const program = trace("constants", (p) => {
      const x = p.input("x", [20]);
      const vector = (values: Float32Array) => constant({ dtype: "float32", shape: [20], data: values });
      p.output("same", add(add(x, vector(data)), vector(data)));
      p.output("other", add(x, vector(data.with(19, 0))));
      p.output("one", add(add(x, 1), constant({ dtype: "float32", shape: [], data: Float32Array.of(1) })));
    });
    expect(names(program).filter((name) => name === "constant")).toHaveLength(3);
  });

  it("keeps 0 and −0 apart, alone and in rows", () => {
    const program = trace("zeros", (p) => {
      const x = p.input("x", [20]);
      const row = (value: number, length: number) =>
        constant({ dtype: "float32", shape: [length], data: new Float32Array(length).fill(value) });
      [row(0, 1), row(-0, 1), row(0, 20), row(-0, 20)].forEach((value, i) => {
        p.output(`${i}`, add(x, value));
      });
    });
    expect(names(program).filter((name) => name === "constant")).toHaveLength(4);
  });

  it("leaves out what nothing reads", () => {
    const program = trace("dead", (p) => {
      const x = p.input("x", [2]);
      exp(mul(x, x));
      p.output("y", neg(x));
    });
    expect(names(program)).toEqual(["neg"]);
  });

  it("keeps what only an update reads", () => {
    const program = trace("update", (p) => {
      const s = p.state("s", [], zeros);
      p.update("s", add(s, p.input("x", [])));
    });
    expect(names(program)).toEqual(["add"]);
  });

  const composite = (p: Tracer) => {
    const x = p.input("x", [2, 2, 3, 4]);
    p.output("y", attention(gelu(layerNorm(x)), x, gelu(layerNorm(x))));
  };

  it("replaces composites within composites where asked, sharing what they share", () => {
    const program = trace("composite", composite);
    const expanded = {
      ...program,
      ...simplify(
        program,
        decomposing(() => true),
      ),
    };
    verify(expanded);
    expect(expanded.nodes.every(({ op }) => !op.decompose)).toBe(true);
    expect(names(expanded).filter((name) => name === "erf")).toHaveLength(1);
    const inputs: Tensors = { x: floats([2, 2, 3, 4]) };
    const [whole, apart] = [interpret(program, inputs), interpret(expanded, inputs)];
    expect(distance(apart.outputs.y!.data, whole.outputs.y!.data)).toBeLessThan(1e-13);
  });

  it("leaves the program it is given as it was", () => {
    const program = trace("composite", composite);
    const before = names(program);
    lower(program);
    expect(names(program)).toEqual(before);
  });

  it("changes nothing when done again", () => {
    const program = trace("composite", composite);
    expect(simplify(program).nodes).toEqual(program.nodes);
  });
});

describe("on random graphs", () => {
  const inputs: Tensors = { x: floats([2, 3]), z: floats([2, 3]) };

  it("simplify keeps every bit", () => {
    fc.assert(
      fc.property(instructions, (list) => {
        const { program, written } = randomGraph(list, false);
        expect(program.nodes.length).toBeLessThanOrEqual(written.nodes.length);
        expect(interpret(program, inputs)).toEqual(interpret(written, inputs));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ["lower", (program: Program) => lower(program)],
    [
      "every decomposition",
      (p: Program) => ({
        ...p,
        ...simplify(
          p,
          decomposing(() => true),
        ),
      }),
    ],
  ])("%s keeps values and gradients", (_, transform) => {
    fc.assert(
      fc.property(instructions, (list) => {
        const { program } = randomGraph(list, true);
        const changed = transform(program);
        verify(changed);
        const expected = interpret(program, inputs).outputs;
        const found = interpret(changed, inputs).outputs;
        for (const [name, { data }] of Object.entries(expected))
          expect(distance(found[name]!.data, data), name).toBeLessThan(1e-9);
      }),
      { numRuns: 100 },
    );
  });
});
