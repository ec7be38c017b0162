import { describe, expect, it } from "vitest";
import {
  add,
  mul,
  neg,
  ones,
  sum,
  type Tracer,
  trace,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";

const traced = (body: (p: Tracer, x: Value) => void) =>
  trace("t", (p) => {
    const x = p.input("x", [2, 3]);
    p.output("y", neg(x));
    body(p, x);
  });

describe("trace", () => {
  it("keeps inputs, states, outputs and updates with their names, shapes and element types", () => {
    const program = trace("named", (p) => {
      const x = p.input("x", [2], "int32");
      const w = p.parameter("w", [3], ones);
      const n = p.state("n", [], zeros);
      p.output("x again", x);
      p.output("y", mul(w, 2));
      p.update("n", add(n, 1));
    });
    expect(program.name).toBe("named");
    expect(program.inputs.x).toMatchObject({ shape: [2], dtype: "int32" });
    expect(program.states.map(({ name, trainable }) => [name, trainable])).toEqual([
      ["w", true],
      ["n", false],
    ]);
    expect(program.outputs.y).toMatchObject({ shape: [3], dtype: "float32" });
    expect(program.updates.map(({ name }) => name)).toEqual(["n"]);
    expect(program.parameters).toBe(3);
  });

  it.each<[string, (p: Tracer, x: Value) => void, string]>([
    ["an input twice", (p) => p.input("x", [1]), "t: input x is declared twice"],
    ["an output twice", (p, x) => p.output("y", x), "t: output y is declared twice"],
    ["an output by the name of an input", (p, x) => p.output("x", x), "t: output x is declared twice"],
    [
      "an update twice",
      (p, x) => {
        p.state("s", [2, 3], zeros);
        p.update("s", x);
        p.update("s", x);
      },
      "t: update of s is declared twice",
    ],
    [
      "a state of two shapes",
      (p) => {
        p.parameter("w", [2], zeros);
        p.parameter("w", [3], zeros);
      },
      "t: state w is [2], asked for as [3]",
    ],
    ["an update of no state", (p, x) => p.update("s", x), "update of s, which is no state"],
    [
      "an update of another shape",
      (p, x) => {
        p.state("s", [2], zeros);
        p.update("s", x);
      },
      "update of s is [2,3], the state [2]",
    ],
    ["a read of no state", (p) => p.read("s"), "t: state s is not declared"],
    ["an input nothing reads", (p) => p.input("idle", []), "nothing reads input idle"],
    [
      "an input only dead code reads",
      (p) => {
        neg(p.input("idle", []));
      },
      "nothing reads input idle",
    ],
    ["a side of 0", (p) => p.input("z", [0]), "input z: sides must be whole numbers ≥ 1, got [0]"],
    [
      "half a side",
      (p) => p.parameter("z", [2.5], zeros),
      "state z: sides must be whole numbers ≥ 1, got [2.5]",
    ],
    ["a name with a colon", (p) => p.input("a:b", []), 't: "a:b" may not name an input or output'],
    ["no name", (p, x) => p.output("", x), 't: "" may not name an input or output'],
    [
      "a copy of no state",
      (p) => p.state("copy", [1], { kind: "copyOf", state: "nobody" }),
      "state copy begins as a copy of nobody, which is no state",
    ],
  ])("refuses %s", (_, body, message) => {
    expect(() => traced(body)).toThrow(message);
  });

  it("takes names that objects have of their own", () => {
    const program = trace("t", (p) => {
      p.output("toString", neg(p.input("constructor", [1])));
    });
    expect(Object.keys(program.inputs)).toEqual(["constructor"]);
    expect(Object.keys(program.outputs)).toEqual(["toString"]);
  });

  it("shares a parameter declared twice", () => {
    const program = trace("shared", (p) => {
      p.output("y", add(p.parameter("w", [2], ones), p.parameter("w", [2], ones)));
    });
    expect(program.states).toHaveLength(1);
    const [node] = program.nodes;
    expect(node!.inputs[0]).toBe(node!.inputs[1]);
  });

  it("prefixes names in scopes; copies and frozen scopes go down to inner ones", () => {
    const program = trace("scopes", (p) => {
      const declare = (q: Tracer) => q.scope("inner.").parameter("w", [1], ones);
      const online = declare(p.scope("online/"));
      const target = declare(p.scope("target/", { trainable: false, copyOf: "online/" }));
      p.output("y", sum(add(online, target)));
      p.scope("target/").update("inner.w", online);
      expect(p.read("target/inner.w")).toBe(target);
      expect(p.parameters().map(({ name }) => name)).toEqual(["online/inner.w"]);
    });
    expect(program.states).toMatchObject([
      { name: "online/inner.w", trainable: true, initialiser: ones },
      { name: "target/inner.w", trainable: false, initialiser: { kind: "copyOf", state: "online/inner.w" } },
    ]);
    expect(program.updates[0]!.name).toBe("target/inner.w");
  });
});
