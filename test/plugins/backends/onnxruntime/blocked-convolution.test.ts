import { describe, expect, test } from "vitest";
import {
  conv2d,
  gradients,
  mul,
  square,
  sum,
  type Tensor,
  trace,
} from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import {
  blockedConvolution,
  channelsABlock,
} from "../../../../plugins/backends/onnxruntime/blocked-convolution.ts";
import { compile } from "../../../../plugins/backends/onnxruntime/executable.ts";

const block = await channelsABlock();

/** y, ∂x and ∂w of a convolution whose weights are inputs. */
const program = (side: number, c: number, o: number, kernel: number, options: Parameters<typeof conv2d>[3]) =>
  trace("convolution", (p) => {
    const x = p.input("x", [2, c, side, side]);
    const weight = p.input("weight", [o, c, kernel, kernel]);
    const y = conv2d(x, weight, p.input("bias", [o]), options);
    const [dx, dw] = gradients(sum(mul(y, square(y))), [x, weight]);
    p.output("y", y);
    p.output("dx", dx!);
    p.output("dw", dw!);
  });

const drawn = (name: string, shape: readonly number[]): Tensor => {
  const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
  createStream(0, name).fillNormal(data);
  return { dtype: "float32", shape, data };
};

describe.skipIf(block === null)("in blocks of channels (this processor has such kernels)", () => {
  test.each([
    ["3×3", 9, 32, 64, 3, { padding: 1 }],
    ["3×3 with stride 2", 9, 64, 32, 3, { stride: 2, padding: 1 }],
    ["a VAE's down-sampling", 8, 32, 32, 3, { stride: 2, padding: [0, 1, 0, 1] }],
    ["5×5 padded unevenly", 7, 16, 48, 5, { padding: [1, 2, 0, 3] }],
    ["2×2", 6, 32, 32, 2, {}],
  ] as const)("%s is what it is without", async (_, side, c, o, kernel, options) => {
    const whole = program(side, c, o, kernel, options);
    const inputs = Object.fromEntries(
      Object.entries(whole.inputs).map(([name, { shape }]) => [name, drawn(name, shape)]),
    );
    expect(whole.nodes.filter(blockedConvolution(block)).length).toBeGreaterThan(0);
    const engine = { device: "cpu", threads: 1 } as const;
    const [blocked, plain] = [
      await compile(whole, {}, { ...engine, block }),
      await compile(whole, {}, engine),
    ];
    const [found, expected] = [await blocked.run(inputs), await plain.run(inputs)];
    for (const name of ["y", "dx", "dw"]) {
      const [a, b] = [found[name]!.data, expected[name]!.data];
      const largest = Math.max(...Array.from(b, Math.abs));
      expect(Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!))) / largest).toBeLessThan(1e-5);
    }
    await Promise.all([blocked.dispose(), plain.dispose()]);
  });
});

test("channels that fill no block, groups and single taps stay as they are", () => {
  const made = (c: number, o: number, kernel: number, groups: number) =>
    trace("convolution", (p) => {
      p.output(
        "y",
        conv2d(p.input("x", [1, c * groups, 4, 4]), p.input("w", [o, c, kernel, kernel]), undefined, {
          groups,
        }),
      );
    }).nodes.find(({ op }) => op.name === "conv2d")!;
  const lowering = blockedConvolution(16);
  expect(lowering(made(16, 16, 3, 1))).not.toBeNull();
  for (const node of [made(3, 16, 3, 1), made(16, 24, 3, 1), made(16, 16, 1, 1), made(16, 32, 3, 2)])
    expect(lowering(node)).toBeNull();
  expect(blockedConvolution(null)(made(16, 16, 3, 1))).toBeNull();
});
