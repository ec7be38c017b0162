/** The default backend: ONNX Runtime in this process, on the CPU unless another device is named. */
import * as ort from "onnxruntime-node";
import { z } from "zod";
import type { Backend, BackendPlugin } from "../../../harness/plugin.ts";
import { channelsABlock, convolves } from "./blocked-convolution.ts";
import { type Device, requireDevice } from "./device.ts";
import { compile } from "./executable.ts";
import { openProduct } from "./product.ts";
import { examineProviders } from "./providers.ts";

const schema = z.strictObject({
  /** One that is named and not there is an error. */
  device: z.enum(["cpu", "cuda", "webgpu"]).default("cpu"),
  /** Threads inside an operation; the same number gives the same bits. */
  threads: z.int().min(1).max(256).default(2),
});

const plugin: BackendPlugin<{ readonly device?: Device; readonly threads: number }> = {
  name: "onnxruntime",
  schema,
  async open({ device = "cpu", threads }): Promise<Backend> {
    await requireDevice(device);
    return {
      name: "onnxruntime",
      version: ort.env.versions.common ?? "unknown",
      device,
      precision: "float32",
      threads,
      product: openProduct(threads),
      async compile(program, state) {
        const block = device === "cpu" && convolves(program) ? await channelsABlock() : null;
        return compile(program, state, { device, threads, block });
      },
    };
  },
  async check() {
    const one = { rows: 1, cols: 1, data: Float64Array.of(3) };
    const { data } = await openProduct(1)(one, { ...one });
    if (data[0] !== 9) throw new Error(`ONNX Runtime multiplies 3 by 3 to ${data[0]}`);
    return [
      {
        what: "onnxruntime on cpu",
        works: true,
        detail: `ONNX Runtime ${ort.env.versions.common}`,
        fix: null,
      },
      ...(await examineProviders()),
    ];
  },
};

export default plugin;
