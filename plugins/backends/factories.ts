import type { Descriptor } from "../../harness/plugin.ts";

/** ONNX Runtime on the CPU. `threads`: inside an operation (default 2); the same number gives the same bits. */
export const onnxruntime = (options: { threads?: number } = {}): Descriptor<"backend"> => ({
  kind: "backend",
  plugin: "onnxruntime",
  options,
});

/**
 * PyTorch 2.4 or newer in a Python process. `device`: auto (default), cpu, cuda or mps; `python`: a command or an absolute
 * path (default: EPG_BENCH_PYTHON, or python3); `compile: false` runs without torch.compile; `precision: "bf16"`: products in
 * bfloat16, all else and all scores in float32; `"tf32"`: products as NVIDIA's GPUs round them (Ampere or newer); `threads` as above;
 * `processes` train together, a GPU each on cuda, each with its part of the batch, and on `nodes` machines as many on each, the same
 * command there, `rendezvous: "host:port"` of the one that runs; `shardOptimiser`: each keeps its part of the
 * optimiser's state alone (default: from 1e8 parameters on);
 * `timeoutSeconds`: the longest that one answer may take (default 1800).
 */
export const torch = (
  options: {
    device?: "auto" | "cpu" | "cuda" | "mps";
    python?: string;
    compile?: boolean;
    precision?: "f32" | "tf32" | "bf16";
    threads?: number;
    processes?: number;
    nodes?: number;
    rendezvous?: string;
    shardOptimiser?: boolean;
    timeoutSeconds?: number;
  } = {},
): Descriptor<"backend"> => ({ kind: "backend", plugin: "torch", options });

/**
 * OpenVINO 2024.4 or newer in a Python process, on the CPU. `precision: "bf16"`: training steps compute in bfloat16 where
 * the processor can; `python`, `threads` and `timeoutSeconds` as above.
 */
export const openvino = (
  options: { precision?: "f32" | "bf16"; python?: string; threads?: number; timeoutSeconds?: number } = {},
): Descriptor<"backend"> => ({ kind: "backend", plugin: "openvino", options });

/** TensorFlow.js with its native binding (@tensorflow/tfjs-node or -gpu, installed by you). `device`: auto (default), cpu or cuda. */
export const tfjs = (
  options: { device?: "auto" | "cpu" | "cuda"; threads?: number } = {},
): Descriptor<"backend"> => ({ kind: "backend", plugin: "tfjs", options });
