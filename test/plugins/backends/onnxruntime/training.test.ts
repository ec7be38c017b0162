import { expect, test } from "vitest";
import { add, trace, zeros } from "../../../../harness/program/index.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";

const MEGABYTE = 2 ** 20;

test("state is not copied from step to step", async () => {
  const shape = [16, MEGABYTE / 4];
  const program = trace("counting", (p) => {
    const step = p.input("step", []);
    p.update("sum", add(p.state("sum", shape, zeros), step));
    p.output("double", add(step, step));
  });
  const backend = await onnxruntime.open({ threads: 2 } as never);
  const executable = await backend.compile(program, {
    sum: { dtype: "float32", shape, data: new Float32Array(16 * (MEGABYTE / 4)) },
  });
  const step = { dtype: "float32", shape: [], data: Float32Array.of(1.5) } as const;
  const { double } = await executable.run({ step });
  const before = process.memoryUsage().arrayBuffers;
  await executable.run({ step });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEGABYTE);
  expect(double!.data).toEqual(Float32Array.of(3));
  const { sum } = await executable.readState();
  expect([sum!.data[0], sum!.data.at(-1)]).toEqual([3, 3]);
  await executable.dispose();
  await backend.close?.();
});
