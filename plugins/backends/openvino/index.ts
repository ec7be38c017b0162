/** OpenVINO in a Python process of its own, on the CPU: the program's ONNX model, compiled by another engine. */
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { toOnnx } from "../../../harness/program/index.ts";
import { openProduct } from "../onnxruntime/product.ts";
import { compileIn } from "../worker/executable.ts";
import { pythonOption } from "../worker/python.ts";
import { check } from "./check.ts";
import { startOpenvino } from "./worker.ts";

const schema = z.strictObject({
  python: pythonOption,
  /**
   * bf16: training steps compute their products, and what lies between them, in bfloat16; states, the optimiser and
   * whatever has no updates (sampling, features) stay in float32.
   */
  precision: z.enum(["f32", "bf16"]).default("f32"),
  /** Threads inside an operation; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
  /** How long one answer of the worker may take, compilation included. */
  timeoutSeconds: z.number().positive().default(1800),
});

const START_SECONDS = 120;

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "openvino",
  schema,
  async open({ timeoutSeconds, precision, python, threads }): Promise<Backend> {
    const bfloat16 = precision === "bf16";
    const limits = { startSeconds: START_SECONDS, answerSeconds: timeoutSeconds };
    const worker = await startOpenvino({ python, threads, bfloat16 }, limits);
    return {
      name: "openvino",
      version: worker.hello.openvino,
      device: "cpu",
      precision: bfloat16 ? "bfloat16" : "float32",
      threads,
      product: openProduct(threads),
      compile(program, state) {
        const data = toOnnx(program);
        return compileIn(worker, program, state, {
          header: { trains: program.updates.length > 0 },
          tensors: { model: { dtype: "uint8", shape: [data.length], data } },
        });
      },
      peakMemoryBytes: () => worker.peakMemoryBytes(),
      close: () => worker.close(),
    };
  },
  check: () => check(schema.parse({}).python, START_SECONDS),
};

export default plugin;
