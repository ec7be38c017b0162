/** `torch-transport`: percent by which a step of 64 images of 64 px takes longer than its worker computes. */
import { compile } from "../plugins/backends/torch/compile.ts";
import torch from "../plugins/backends/torch/index.ts";
import { startTorch } from "../plugins/backends/torch/worker.ts";
import { epgStep } from "./epg-step.ts";
import { type BenchRow, median } from "./row.ts";
import { THREADS } from "./steps.ts";

const BATCH = 64;
const STEPS = 5;

export const TRANSPORT: Readonly<Record<string, () => Promise<BenchRow>>> = { "torch-transport": transport };

async function transport(): Promise<BenchRow> {
  const { program, state, batch } = await epgStep("pretraining", BATCH);
  const { python } = torch.schema.parse({});
  const limits = { startSeconds: 180, answerSeconds: 1800 };
  const worker = await startTorch(
    { python, device: "cpu", threads: THREADS, compile: false, tf32: false },
    limits,
  );
  const executable = await compile(worker, program, state);
  const overheads: Record<"ahead" | "with", number[]> = { ahead: [], with: [] };
  await executable.run(batch);
  for (const kind of ["with", "ahead"] as const) {
    let inputs = batch;
    for (let step = 0; step < STEPS; step++) {
      const [began, busy] = [performance.now(), worker.busySeconds()];
      const running = executable.run(inputs);
      inputs = { ...batch };
      if (kind === "ahead") await executable.send!(inputs);
      await running;
      const seconds = (performance.now() - began) / 1000;
      overheads[kind].push(100 * (seconds / (worker.busySeconds() - busy) - 1));
    }
  }
  await worker.close();
  return {
    id: "torch-transport",
    unit: "%",
    value: median(overheads.ahead),
    peers: { "inputs sent with their run": median(overheads.with) },
  };
}
