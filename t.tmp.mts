import { vitStep } from "./bench/vit.ts";
import { adamwInputs } from "./harness/program/index.ts";
import { createStream } from "./harness/random/index.ts";
import { initialState } from "./harness/run/initial-state.ts";
import plugin from "./plugins/backends/onnxruntime/index.ts";

for (const width of (process.argv[2] ?? "128").split(",").map(Number)) {
  const program = vitStep({ width, blocks: 6, heads: 4, batch: 16, tokens: 64 });
  const state = initialState(program, createStream(0));
  const exe = await (await plugin.open({ threads: Number(process.argv[3] ?? 2) } as never)).compile(
    program,
    state,
  );
  const d = new Float32Array(16 * 64 * width);
  createStream(1).fillNormal(d);
  const e = new Float32Array(16 * 64 * width);
  createStream(2).fillNormal(e);
  const x = { dtype: "float32" as const, shape: [16, 64, width], data: d };
  const target = { ...x, data: e };
  const ts: number[] = [];
  for (let i = 0; i < 60; i++) {
    const t = performance.now();
    await exe.run({ x, target, ...adamwInputs({ step: i, learningRate: 1e-3, beta1: 0.9, beta2: 0.999 }) });
    ts.push(performance.now() - t);
  }
  ts.sort((a, b) => a - b);
  console.log(width, program.nodes.length, "median", ts[30]!.toFixed(1), "min", ts[0]!.toFixed(1));
}
