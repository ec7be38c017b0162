/** PyTorch in Python processes of its own: on the CPU, NVIDIA GPUs (cuda) or an Apple one (mps). */
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { pythonOption } from "../worker/python.ts";
import { check } from "./check.ts";
import { compile } from "./compile.ts";
import { openProduct } from "./product.ts";
import { openRanks } from "./ranks.ts";
import { startTorch } from "./worker.ts";

const schema = z.strictObject({
  /** auto: the first of cuda, mps, cpu that is there. One that is named and not there is an error. */
  device: z.enum(["auto", "cpu", "cuda", "mps"]).default("auto"),
  python: pythonOption,
  /** torch.compile; without it every operation is run by itself. */
  compile: z.boolean().default(true),
  /** Threads inside an operation on the CPU, of each process; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
  /** Processes that train together, a GPU each on cuda; the batch is cut among them. */
  processes: z.int().min(1).max(1024).default(1),
  /** Each process keeps its part of the optimiser's state alone; without it, from a hundred million parameters on. */
  shardOptimiser: z.boolean().optional(),
  /** How long one answer of the worker may take, compilation included. */
  timeoutSeconds: z.number().positive().default(1800),
});

const START_SECONDS = 180;

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "torch",
  schema,
  async open({ timeoutSeconds, processes, shardOptimiser, ...settings }): Promise<Backend> {
    const limits = { startSeconds: START_SECONDS, answerSeconds: timeoutSeconds };
    const worker = await startTorch(settings, limits);
    const { torch, device } = worker.hello;
    const ranks =
      processes > 1 ? await openRanks(worker, settings, limits, { processes, shardOptimiser }) : null;
    return {
      name: "torch",
      // Compiled kernels round otherwise than PyTorch's own.
      version: `${torch}${settings.compile ? "" : ", uncompiled"}`,
      device,
      precision: "float32",
      threads: settings.threads,
      processes,
      product: openProduct(worker),
      compile: (program, state) =>
        ranks !== null && program.updates.length > 0
          ? ranks.compile(program, state)
          : compile(worker, program, state),
      peakMemoryBytes: () => worker.peakMemoryBytes() + (ranks?.peakMemoryBytes() ?? 0),
      async close() {
        await Promise.all([worker.close(), ranks?.close()]);
      },
    };
  },
  check: () => check(schema.parse({}).python, START_SECONDS),
};

export default plugin;
