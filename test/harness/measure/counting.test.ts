import { expect, it } from "vitest";
import { countingRuntime } from "../../../harness/measure/counting.ts";
import { matmul, ones, trace } from "../../../harness/program/index.ts";
import onnxruntime from "../../../plugins/backends/onnxruntime/index.ts";

it("counts calls, MACs and parameters by role", async () => {
  const program = trace("product", (p) => {
    p.output("y", matmul(p.input("x", [2, 3]), p.parameter("w", [3, 4], ones)));
  });
  const runtime = countingRuntime(await onnxruntime.open({ threads: 1 } as never));
  const w = { dtype: "float32", shape: [3, 4], data: new Float32Array(12).fill(1) } as const;
  const x = { dtype: "float32", shape: [2, 3], data: new Float32Array(6).fill(1) } as const;
  const network = await runtime.compile(program, { w }, "network");
  const decoder = await runtime.compile(program, { w }, "decoder");
  await network.run({ x });
  await network.run({ x });
  await decoder.run({ x });
  // 2·3·4 = 24 multiply-accumulates a run
  expect(runtime.tallies.network).toEqual({ calls: 2, macs: 48, flops: 96, parameters: 12 });
  expect(runtime.tallies.decoder).toEqual({ calls: 1, macs: 24, flops: 48, parameters: 12 });
  expect(runtime.tallies.encoder.calls).toBe(0);
  await Promise.all([network.dispose(), decoder.dispose()]);
});
