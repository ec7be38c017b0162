/** The extractor of FID, IS, sFID and KID as the field reports them. Its weights are not shipped. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Image } from "../../../harness/formats/image.ts";
import type {
  Executable,
  FeatureExtractor,
  Features,
  FeaturesContext,
  FeaturesPlugin,
  LayerExtractor,
  Runtime,
} from "../../../harness/plugin.ts";
import { type Extraction, extractRows } from "../extraction.ts";
import { preprocessor } from "../preprocessing/pool.ts";
import { PRESETS, TOOLS, type Tool } from "../preprocessing/presets.ts";
import { foldedStates } from "./fold.ts";
import { CLASSES, FEATURES, SIDE } from "./network.ts";
import { inceptionProgram, TAPS, type Tap } from "./program.ts";
import { recognise } from "./recognise.ts";
import { readWeights, type Weights, weightsFile } from "./weights.ts";

const BATCH = 16;
const THREADS = 2;

const schema = z.strictObject({
  /** The file of weights, relative to the config; else EPG_BENCH_INCEPTION, else the user's cache. */
  weights: z.string().min(1).optional(),
  /** The tool whose preprocessing is wanted. */
  as: z.enum(TOOLS).default("adm"),
});

type Options = z.infer<typeof schema>;

/** What FID and the Inception Score are made of. */
const SCORED = ["2048", "logits_unbiased"] as const satisfies readonly Tap[];

const plugin: FeaturesPlugin<Options> = {
  name: "inception",
  schema,
  layers: TAPS,
  recognise,
  async identity({ weights }, { baseFolder }) {
    return (await readWeights(weightsFile(weights, baseFolder))).digest;
  },
  openLayers: (options, layers, runtime, context) =>
    openTaps(options, layers as readonly Tap[], runtime, context),
  async open(options, runtime, context): Promise<FeatureExtractor> {
    return scored(await openTaps(options, SCORED, runtime, context));
  },
};

export default plugin;

async function openTaps(
  options: Options,
  taps: readonly Tap[],
  runtime: Runtime,
  { baseFolder }: FeaturesContext,
): Promise<LayerExtractor> {
  const weights = await readWeights(weightsFile(options.weights, baseFolder));
  const program = inceptionProgram(taps, BATCH);
  const network = await runtime.compile(program, foldedStates(weights.dict), "extractor");
  return layerExtractor(network, weights, options.as, taps);
}

function layerExtractor(
  network: Executable,
  weights: Weights,
  tool: Tool,
  taps: readonly Tap[],
): LayerExtractor {
  const preparation = PRESETS[tool];
  const identity = createHash("sha256").update(weights.digest).update(JSON.stringify(preparation));
  const extraction: Extraction = {
    network,
    batch: BATCH,
    side: SIDE,
    preprocessor: preprocessor(THREADS),
    preparation,
    widths: Object.fromEntries(taps.map((tap) => [tap, TAPS[tap]])),
  };
  return {
    name: "inception",
    id: `inception@${identity.digest("hex")}`,
    batchSize: BATCH,
    description: `${weights.description}; images by ${preparation.resize} to ${SIDE}x${SIDE} and scaled as ${tool} does`,
    warnings: weights.published ? [] : [weights.description],
    extract: (images: readonly Image[]) => extractRows(images, extraction),
    async dispose() {
      await extraction.preprocessor.close();
      await network.dispose();
    },
  };
}

/** What scores need of its layers. */
function scored({ extract, ...layers }: LayerExtractor): FeatureExtractor {
  return {
    ...layers,
    dims: FEATURES,
    classes: CLASSES,
    async extract(images): Promise<Features> {
      const rows = await extract(images);
      return {
        n: images.length,
        dims: FEATURES,
        features: rows["2048"]!,
        classes: CLASSES,
        logits: rows.logits_unbiased!,
      };
    },
  };
}
