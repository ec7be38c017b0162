import { describe, expect, it } from "vitest";
import { vitStep } from "../../../bench/vit.ts";
import {
  add,
  attention,
  constant,
  conv2d,
  gelu,
  gradients,
  greater,
  layerNorm,
  linear,
  matmul,
  normal,
  reshape,
  sum,
  trace,
  zeros,
} from "../../../harness/program/index.ts";
import { floats } from "../../conformance/ops-case.ts";

describe("cost", () => {
  it("counts a pre-norm transformer block by hand", () => {
    const [batch, tokens, width, heads] = [2, 5, 12, 3];
    const program = trace("block", (p) => {
      const weight = (name: string, to: number, from: number) => p.parameter(name, [to, from], normal(1));
      const x = p.input("x", [batch, tokens, width]);
      const qkv = linear(layerNorm(x), weight("qkv", 3 * width, width));
      const heads4 = [batch, heads, tokens, width / heads];
      const q = reshape(linear(qkv, weight("q", width, 3 * width)), heads4);
      const attended = reshape(attention(q, q, q), [batch, tokens, width]);
      const y = add(x, linear(attended, weight("proj", width, width), p.parameter("bias", [width], zeros)));
      p.output("y", gelu(y));
    });
    const rows = batch * tokens;
    const scores = batch * heads * tokens * tokens;
    const macs =
      rows * width * 3 * width + // qkv
      rows * 3 * width * width + // q
      scores * (width / heads) * 2 + // q·kᵀ and p·v
      rows * width * width; // proj
    const elementwise =
      7 * rows * width + // layer norm
      6 * scores + // softmax 5 and scale 1
      rows * width + // bias
      rows * width + // residual
      5 * rows * width; // gelu
    expect(program.macs).toBe(macs);
    expect(program.flops).toBe(2 * macs + elementwise);
    expect(program.parameters).toBe(7 * width * width + width);
  });

  it("counts a training step of a ViT as three forward passes: attention 2 products forward, 4 backward", () => {
    const [batch, tokens, width, blocks] = [2, 6, 8, 3];
    const rows = batch * tokens;
    const forward = blocks * (rows * 12 * width * width + 2 * rows * tokens * width);
    expect(vitStep({ width, blocks, heads: 2, batch, tokens }).macs).toBe(3 * forward);
  });

  it("counts both gradients of a convolution as much as the convolution", () => {
    const program = trace("conv", (p) => {
      const x = p.input("x", [2, 3, 8, 8]);
      const w = p.parameter("w", [4, 3, 3, 3], zeros);
      const y = conv2d(x, w, undefined, { padding: 1 });
      const [gx, gw] = gradients(sum(conv2d(y, p.input("v", [1, 4, 1, 1]))), [x, w]);
      p.output("gx", gx!);
      p.output("gw", gw!);
    });
    // y is not needed for either gradient, nor the loss: the 1×1's input gradient and the two of the 3×3 are left.
    expect(program.macs).toBe(2 * 64 * 2 * 4 * 27 + 2 * 64 * 4);
  });

  it("counts a product computed once that is written twice, and what nothing reads not at all", () => {
    const program = trace("once", (p) => {
      const [a, b] = [p.input("a", [3, 4]), p.input("b", [4, 5])];
      matmul(b, a, { transposeA: true, transposeB: true });
      p.output("y", add(matmul(a, b), matmul(a, b)));
    });
    expect(program.macs).toBe(60);
    expect(program.flops).toBe(120 + 15);
  });

  it("counts the bytes nodes make, a byte a boolean, constants not", () => {
    const program = trace("bytes", (p) => {
      const x = p.input("x", [2, 3]);
      const y = add(x, constant(floats([2, 3])));
      p.output("y", y);
      p.output("positive", greater(y, 0));
    });
    expect(program.activationBytes).toBe(24 + 6);
  });

  it("counts parameters that train, not other states", () => {
    const program = trace("parameters", (p) => {
      const w = p.parameter("w", [2, 3], zeros);
      const frozen = p.scope("frozen.", { trainable: false }).parameter("w", [2, 3], zeros);
      p.output("y", add(add(w, frozen), p.state("s", [], zeros)));
    });
    expect(program.parameters).toBe(6);
  });
});
