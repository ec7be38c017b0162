import { describe, expect, it } from "vitest";
import { vitStep } from "../../../bench/vit.ts";
import { mixedPrecision, type Node, OPS, ShapeError } from "../../../harness/program/index.ts";
import { apply, leaf } from "../../../harness/program/tensor.ts";

const PRODUCTS = ["attention", "attentionGradient", "linear", "matmul"];
const program = vitStep({ width: 8, blocks: 1, heads: 2, batch: 2, tokens: 3 });
const mixed = mixedPrecision(program);
const isProduct = ({ op }: Node): boolean => PRODUCTS.includes(op.name);

describe("mixed precision", () => {
  it("gives every product bfloat16 operands, and keeps all else in float32", () => {
    expect(mixed.nodes.filter(isProduct).length).toBe(program.nodes.filter(isProduct).length);
    for (const node of mixed.nodes.filter(({ op }) => op.name !== "cast")) {
      const rounded = node.inputs.filter(({ dtype }) => dtype === "bfloat16").length;
      const kept = node.op.name === "attentionGradient" ? 1 : 0;
      expect(rounded, node.op.name).toBe(isProduct(node) ? node.inputs.length - kept : 0);
    }
  });

  it("rounds a weight once, for the products of both passes", () => {
    const casts = mixed.nodes.filter(
      ({ op, attributes }) => op.name === "cast" && attributes.to === "bfloat16",
    );
    const rounded = casts.map(({ inputs }) => inputs[0]);
    expect(new Set(rounded).size).toBe(rounded.length);
  });

  it("leaves inputs, states, outputs and updates of their types, and the multiply-adds", () => {
    expect(mixed.inputs).toBe(program.inputs);
    expect(mixed.states).toBe(program.states);
    for (const { value } of mixed.updates) expect(value.dtype).toBe("float32");
    expect(mixed.outputs.loss!.dtype).toBe("float32");
    expect([mixed.macs, mixed.parameters]).toEqual([program.macs, program.parameters]);
    expect(mixed.nodes.length).toBeGreaterThan(program.nodes.length);
  });

  it("is not mixed twice", () => {
    expect(mixedPrecision(mixed).nodes.length).toBe(mixed.nodes.length);
  });
});

it("refuses products of two types, and anything but a product of bfloat16", () => {
  const of = (dtype: "float32" | "bfloat16") => leaf("x", [2, 2], dtype);
  const matmul = () =>
    apply(OPS.matmul, [of("bfloat16"), of("float32")], { transposeA: false, transposeB: false });
  expect(matmul).toThrow("matmul: expected bfloat16 throughout");
  expect(() => apply(OPS.add, [of("bfloat16"), of("bfloat16")])).toThrow(ShapeError);
});
