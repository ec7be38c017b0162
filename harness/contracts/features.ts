/** Networks that scores look through. */
import type { ZodType } from "zod";
import type { Image } from "../formats/image.ts";
import type { Runtime } from "./backend.ts";
import type { Awaitable, NamedShapes, RecognisedPart } from "./model.ts";

export interface FeaturesPlugin<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  open(options: Options, runtime: Runtime, context: FeaturesContext): Promise<FeatureExtractor>;
  /**
   * What features depend on beside the options and the plugin's own files: the content of weights lying
   * elsewhere. Asked for before anything trains, so that weights that are missing are missed at once.
   */
  identity?(options: Options, context: FeaturesContext): Promise<string>;
  /** Which of this plugin's networks a file of tensors holds. */
  recognise?(file: NamedShapes): Awaitable<readonly RecognisedPart[]>;
  /** Layers that can be asked for by name, and how many numbers an image has in each. */
  readonly layers?: Readonly<Record<string, number>>;
  /** The network as far as the last of `layers`, which are names of `this.layers`. */
  openLayers?(
    options: Options,
    layers: readonly string[],
    runtime: Runtime,
    context: FeaturesContext,
  ): Promise<LayerExtractor>;
}

export interface FeaturesContext {
  /** Relative paths in the options are relative to this folder. */
  readonly baseFolder: string;
}

/** What every extractor tells of itself. */
interface Extractor {
  /** name@sha256 of weights and preprocessing. */
  readonly id: string;
  readonly name: string;
  readonly batchSize: number;
  /** For the report: the weights, and how images are prepared. */
  readonly description: string;
  /** Sentences for the report: weights that are not the published ones. */
  readonly warnings?: readonly string[];
  dispose(): Promise<void>;
}

export interface LayerExtractor extends Extractor {
  /** RGB images of any sizes, each prepared from its own: rows float32 [images.length, numbers an image] of every layer. */
  extract(images: readonly Image[]): Promise<Readonly<Record<string, Float32Array>>>;
}

export interface FeatureExtractor extends Extractor {
  readonly dims: number;
  /** Numbers of an image's logits. */
  readonly classes: number;
  /**
   * RGB images of any sizes, each prepared from its own: rows of `features` [n, dims] and `logits` [n, classes]. A row is the
   * same to the bit whichever images come with its own: shards look at parts of what one run looks at whole.
   */
  extract(images: readonly Image[]): Promise<Features>;
}

export interface Features {
  readonly n: number;
  readonly dims: number;
  readonly features: Float32Array;
  readonly classes: number;
  readonly logits: Float32Array;
}
