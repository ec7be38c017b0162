import { describe, expect, it } from "vitest";
import { add, exp, neg, type Program, trace, zeros } from "../../../harness/program/index.ts";
import { leaf } from "../../../harness/program/tensor.ts";
import { verify } from "../../../harness/program/verify.ts";

const whole = trace("whole", (p) => {
  const s = p.state("s", [2], zeros);
  const y = exp(neg(add(p.input("x", [2]), s)));
  p.output("y", y);
  p.update("s", y);
});
const [first, second, third] = whole.nodes as [Program["nodes"][0], Program["nodes"][0], Program["nodes"][0]];
const stranger = leaf("stranger", [2], "float32");

describe("verify", () => {
  it("accepts what trace makes", () => {
    expect(() => verify(whole)).not.toThrow();
  });

  it.each<[string, Partial<Program>, string]>([
    [
      "a node before what it reads",
      { nodes: [second, first, third] },
      "neg reads a value that nothing before it makes",
    ],
    ["a node that is missing", { nodes: [first, third] }, "exp reads a value that nothing before it makes"],
    [
      "a node that reads another program's input",
      { nodes: [{ ...first, inputs: [stranger, stranger] }, second, third] },
      "add reads a value that nothing before it makes",
    ],
    [
      "a node whose output has another shape than its rule gives",
      { nodes: [first, { ...second, outputs: [{ ...second.outputs[0]!, shape: [3] }] }, third] },
      "outputs of neg are not of the types its rule gives",
    ],
    [
      "a node whose output has another element type",
      { nodes: [first, { ...second, outputs: [{ ...second.outputs[0]!, dtype: "int32" }] }, third] },
      "outputs of neg are not of the types its rule gives",
    ],
    [
      "a node without its outputs",
      { nodes: [first, { ...second, outputs: [] }, third] },
      "outputs of neg are not",
    ],
    [
      "an output nothing makes",
      { outputs: { y: stranger } },
      "output y reads a value that nothing before it makes",
    ],
    [
      "an update nothing makes",
      { updates: [{ name: "s", value: stranger }] },
      "update of s reads a value that nothing before it makes",
    ],
    [
      "an update of no state",
      { updates: [{ name: "t", value: whole.outputs.y! }] },
      "update of t, which is no state",
    ],
    [
      "a state of another shape than its update",
      { states: [{ ...whole.states[0]!, value: { ...whole.states[0]!.value, shape: [2, 1] } }] },
      "reads a value that nothing before it makes",
    ],
    ["an input nothing reads", { inputs: { ...whole.inputs, idle: stranger } }, "nothing reads input idle"],
    [
      "a state that copies no state",
      { states: [{ ...whole.states[0]!, initialiser: { kind: "copyOf", state: "gone" } }] },
      "state s begins as a copy of gone, which is no state",
    ],
  ])("refuses %s", (_, broken, message) => {
    expect(() => verify({ ...whole, ...broken })).toThrow(message);
    expect(() => verify({ ...whole, ...broken })).toThrow(/^internal: program whole: /);
  });
});
