import type { Descriptor } from "../../harness/plugin.ts";

/** ONNX Runtime on the CPU. `threads`: inside an operation (default 2); the same number gives the same bits. */
export const onnxruntime = (options: { threads?: number } = {}): Descriptor<"backend"> => ({
  kind: "backend",
  plugin: "onnxruntime",
  options,
});
