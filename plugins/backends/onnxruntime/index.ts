/** The default backend: ONNX Runtime on the CPU, in this process. */
import * as ort from "onnxruntime-node";
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { compile } from "./executable.ts";
import { openProduct } from "./product.ts";

const schema = z.strictObject({
  /** Threads inside an operation; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
});

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "onnxruntime",
  schema,
  async open({ threads }): Promise<Backend> {
    return {
      name: "onnxruntime",
      version: ort.env.versions.common ?? "unknown",
      device: "cpu",
      precision: "float32",
      threads,
      product: openProduct(threads),
      compile: (program, state) => compile(program, state, threads),
    };
  },
};

export default plugin;
