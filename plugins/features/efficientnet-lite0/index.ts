/** The embedded default extractor. It is not Inception: distances on its features are never called FID. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Image } from "../../../harness/formats/image.ts";
import { openSafetensors, readSafetensors } from "../../../harness/formats/safetensors.ts";
import { differences, numbersIn, partsWith } from "../../../harness/formats/state-dict.ts";
import { packageRoot } from "../../../harness/package-root.ts";
import type {
  Executable,
  FeatureExtractor,
  Features,
  FeaturesPlugin,
  NamedShapes,
  RecognisedPart,
  Runtime,
} from "../../../harness/plugin.ts";
import { type Extraction, extractRows } from "../extraction.ts";
import { preprocessor } from "../preprocessing/pool.ts";
import type { Preparation } from "../preprocessing/prepare.ts";
import { efficientNetLite0, foldedStates, type Layers } from "./network.ts";

const FOLDER = join(packageRoot(), "plugins", "features", "efficientnet-lite0");
const PREPARATION: Preparation = { resize: "pil-bicubic", levels: 255, subtract: 127, divide: 128 };
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
  recognise,
};

export default plugin;

/** By the names and shapes of the file that is shipped. */
async function recognise({ shapes: all }: NamedShapes): Promise<readonly RecognisedPart[]> {
  const parts = partsWith("_conv_stem.weight", all);
  if (parts.length === 0) return [];
  const own = await openSafetensors(join(FOLDER, "weights.safetensors"));
  await own.close();
  const expected = new Map(Object.entries(own.tensors).map(([name, { shape }]) => [name, shape]));
  return parts.map(({ prefix, shapes }) => ({
    family: "EfficientNet",
    size: "Lite0",
    role: null,
    prefix,
    parameters: numbersIn(shapes),
    ...differences(expected, shapes),
  }));
}

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
  readonly description = `ImageNet weights as shipped; ${PREPROCESSING}`;
  readonly id: string;
  readonly classes: number;
  readonly #extraction: Extraction;

  constructor(id: string, layers: Layers, network: Executable) {
    this.id = id;
    this.classes = layers.classes;
    this.#extraction = {
      network,
      batch: BATCH,
      side: layers.input[0],
      preprocessor: preprocessor(THREADS),
      preparation: PREPARATION,
      widths: { features: this.dims, logits: layers.classes },
    };
  }

  async extract(images: readonly Image[]): Promise<Features> {
    const { features, logits } = await extractRows(images, this.#extraction);
    return {
      n: images.length,
      dims: this.dims,
      features: features!,
      classes: this.classes,
      logits: logits!,
    };
  }

  async dispose(): Promise<void> {
    await this.#extraction.preprocessor.close();
    await this.#extraction.network.dispose();
  }
}
