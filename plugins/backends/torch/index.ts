/** PyTorch in a Python process of its own: on the CPU, an NVIDIA GPU (cuda) or an Apple one (mps). */
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { mixedPrecision } from "../../../harness/program/index.ts";
import { pythonOption } from "../worker/python.ts";
import { check } from "./check.ts";
import { compile } from "./compile.ts";
import { openProduct } from "./product.ts";
import { startTorch } from "./worker.ts";

const schema = z.strictObject({
  /** auto: the first of cuda, mps, cpu that is there. One that is named and not there is an error. */
  device: z.enum(["auto", "cpu", "cuda", "mps"]).default("auto"),
  python: pythonOption,
  /** torch.compile; without it every operation is run by itself. */
  compile: z.boolean().default(true),
  /** bf16: products of bfloat16 operands, all else in float32. Where images are scored it is left out. */
  precision: z.enum(["f32", "bf16"]).default("f32"),
  /** Threads inside an operation on the CPU; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
  /** How long one answer of the worker may take, compilation included. */
  timeoutSeconds: z.number().positive().default(1800),
});

const START_SECONDS = 180;

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "torch",
  schema,
  async open({ timeoutSeconds, precision, ...settings }): Promise<Backend> {
    const worker = await startTorch(settings, {
      startSeconds: START_SECONDS,
      answerSeconds: timeoutSeconds,
    });
    const { torch, device } = worker.hello;
    return {
      name: "torch",
      // Compiled kernels round otherwise than PyTorch's own.
      version: `${torch}${settings.compile ? "" : ", uncompiled"}`,
      device,
      precision: precision === "bf16" ? "bfloat16" : "float32",
      threads: settings.threads,
      product: openProduct(worker),
      compile: (program, state) =>
        compile(worker, precision === "bf16" ? mixedPrecision(program) : program, state),
      peakMemoryBytes: () => worker.peakMemoryBytes(),
      close: () => worker.close(),
    };
  },
  check: () => check(schema.parse({}).python, START_SECONDS),
};

export default plugin;
