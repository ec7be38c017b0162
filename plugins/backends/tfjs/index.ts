/** TensorFlow.js with TensorFlow's native library, in this process. */
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { examined } from "../examined.ts";
import { openProduct } from "../onnxruntime/product.ts";
import { compile } from "./executable.ts";
import { load } from "./load.ts";

const schema = z.strictObject({
  /** auto: @tensorflow/tfjs-node-gpu where it is installed, else @tensorflow/tfjs-node. */
  device: z.enum(["auto", "cpu", "cuda"]).default("auto"),
  /** Threads inside an operation on the CPU. TensorFlow takes the first number it is told in a process. */
  threads: z.int().min(1).max(256).default(2),
});

const plugin: BackendPlugin<z.infer<typeof schema>> = {
  name: "tfjs",
  schema,
  async open({ device, threads }): Promise<Backend> {
    const loaded = await load(device, threads);
    return {
      name: "tfjs",
      version: loaded.version,
      device: loaded.device,
      precision: "float32",
      threads,
      product: openProduct(threads),
      compile: async (program, state) => compile(loaded.tf, program, state),
    };
  },
  check: () =>
    examined("tfjs", async () => {
      const { device, package: name, version } = await load("auto", 2);
      return [{ what: `tfjs on ${device}`, works: true, detail: `${name} ${version}`, fix: null }];
    }),
};

export default plugin;
