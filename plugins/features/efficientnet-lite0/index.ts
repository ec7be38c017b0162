/** The embedded default extractor. It is not Inception: distances on its features are never called FID. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors } from "../../../harness/formats/safetensors.ts";
import { packageRoot } from "../../../harness/package-root.ts";
import type {
  Executable,
  FeatureExtractor,
  Features,
  FeaturesPlugin,
  Runtime,
} from "../../../harness/plugin.ts";
import { type Preprocessor, preprocessor } from "../preprocessing/pool.ts";
import { efficientNetLite0, foldedStates, type Layers } from "./network.ts";

const FOLDER = join(packageRoot(), "plugins", "features", "efficientnet-lite0");
/** Channels in 0 … 255 → (x − 127)/128. */
const AFFINE = { subtract: 127, divide: 128 };
/** Names the preprocessing in the extractor's identity; changes whenever a feature may. */
const PREPROCESSING =
  "PIL bicubic (float) to 224x224, clipped to [0,255], (x-127)/128; features: mean over 7x7";
const BATCH = 32;
const THREADS = 2;

const schema = z.strictObject({});

const plugin: FeaturesPlugin<z.infer<typeof schema>> = {
  name: "efficientnet-lite0",
  schema,
  async open(_, runtime) {
    const bytes = await readFile(join(FOLDER, "weights.safetensors"));
    const layers = JSON.parse(await readFile(join(FOLDER, "layers.json"), "utf8")) as Layers;
    const id = createHash("sha256").update(bytes).update(PREPROCESSING).digest("hex");
    return new EfficientNetLite0(`efficientnet-lite0@${id}`, layers, await compiled(runtime, layers, bytes));
  },
};

export default plugin;

async function compiled(runtime: Runtime, layers: Layers, weights: Uint8Array): Promise<Executable> {
  const tensors = readSafetensors(weights);
  const read = (name: string) => {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`weights.safetensors has no ${name}`);
    return tensor;
  };
  return runtime.compile(efficientNetLite0(layers, BATCH), foldedStates(layers, read), "extractor");
}

class EfficientNetLite0 implements FeatureExtractor {
  readonly name = "efficientnet-lite0";
  readonly dims = 1280;
  readonly batchSize = BATCH;
  readonly id: string;
  readonly #side: number;
  readonly #classes: number;
  readonly #network: Executable;
  readonly #preprocessor: Preprocessor = preprocessor(THREADS);

  constructor(id: string, layers: Layers, network: Executable) {
    this.id = id;
    this.#side = layers.input[0];
    this.#classes = layers.classes;
    this.#network = network;
  }

  async extract(images: Uint8Array, shape: { n: number; height: number; width: number }): Promise<Features> {
    const { n } = shape;
    const features = new Float32Array(n * this.dims);
    const logits = new Float32Array(n * this.#classes);
    let upcoming = this.#prepare(images, shape, 0);
    for (let start = 0; start < n; start += BATCH) {
      const x = await upcoming;
      const running = this.#network.run({
        x: { dtype: "float32", shape: [BATCH, 3, this.#side, this.#side], data: x },
      });
      // The next batch is resized while this one is in the network.
      if (start + BATCH < n) upcoming = this.#prepare(images, shape, start + BATCH);
      const outputs = await running;
      const kept = Math.min(BATCH, n - start);
      features.set(outputs.features!.data.subarray(0, kept * this.dims), start * this.dims);
      logits.set(outputs.logits!.data.subarray(0, kept * this.#classes), start * this.#classes);
    }
    return { n, dims: this.dims, features, classes: this.#classes, logits };
  }

  /** A batch from image `start` on, resized; a short last one is padded with zeros. */
  async #prepare(
    images: Uint8Array,
    { n, height, width }: { n: number; height: number; width: number },
    start: number,
  ) {
    const bytes = height * width * 3;
    const count = Math.min(BATCH, n - start);
    const data = images.slice(start * bytes, (start + count) * bytes);
    const resized = await this.#preprocessor.resize({ data, n: count, height, width }, this.#side, AFFINE);
    if (count === BATCH) return resized;
    const padded = new Float32Array(BATCH * 3 * this.#side * this.#side);
    padded.set(resized);
    return padded;
  }

  async dispose(): Promise<void> {
    await this.#preprocessor.close();
    await this.#network.dispose();
  }
}
