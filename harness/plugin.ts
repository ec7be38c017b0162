/**
 * The contracts between the harness and everything pluggable. Nothing but types: the harness knows
 * plugins only through these, and plugins know the harness only through these and its libraries.
 */
import type { ZodType } from "zod";
import type { Image } from "./formats/image.ts";
import type { Differences, PartRole, Shapes } from "./formats/state-dict.ts";
import type { Program, Tensors } from "./program/index.ts";
import type { Stream } from "./random/index.ts";

// ── Descriptors: what a config holds ────────────────────────────────────────────────────────────

/** What the factories `epg({...})`, `shapes({...})` return: plain data, so that a config can be saved, hashed and sent. */
export interface Descriptor<Kind extends PluginKind = PluginKind> {
  readonly kind: Kind;
  /** A built-in name, a package, or a path beginning with `./`, `../` or `/`. */
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type PluginKind = "backend" | "model" | "dataset" | "features" | "reporter";

/** A plugin module's default export is one of these. */
export interface PluginOf {
  readonly backend: BackendPlugin;
  readonly model: Model;
  readonly dataset: DatasetPlugin;
  readonly features: FeaturesPlugin;
  readonly reporter: Reporter;
}

// ── Backends ────────────────────────────────────────────────────────────────────────────────────

export interface BackendPlugin<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  open(options: Options): Promise<Backend>;
}

export interface Backend {
  readonly name: string;
  readonly version: string;
  readonly device: string;
  readonly precision: "float32" | "bfloat16";
  readonly threads: number;
  /**
   * Where the backend has a fast one: A·Bᵀ in float64 of an m×k and an n×k matrix, m×n, over the numbers of `room` where
   * they are enough. The same threads, the same bits.
   */
  readonly product?: (a: Float64Matrix, b: Float64Matrix, room?: Float64Array) => Promise<Float64Matrix>;
  /**
   * Compiles a program and loads its state. A program without updates may bake its state in as constants, or read
   * it where it lies where it is large (above a gigabyte): the caller then leaves it as it is.
   */
  compile(program: Program, state: Tensors): Promise<Executable>;
}

/** Row after row: element (i, j) is `data[i·cols + j]`. */
export interface Float64Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** State stays where the device is: nothing crosses per run but inputs and outputs. */
export interface Executable {
  readonly program: Program;
  /** Runs once: every read sees the state before it, all updates apply together after it. Outputs are new arrays, the caller's own. */
  run(inputs: Tensors): Promise<Tensors>;
  readState(names?: readonly string[]): Promise<Tensors>;
  writeState(tensors: Tensors): Promise<void>;
  dispose(): Promise<void>;
}

// ── Data ────────────────────────────────────────────────────────────────────────────────────────

export interface DatasetPlugin<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  open(options: Options, context: DatasetContext): Promise<Dataset>;
}

export interface DatasetContext {
  readonly seed: number;
  /** Where decoded images may be kept, content-addressed. */
  readonly cacheFolder: string;
  /** Relative paths in the options are relative to this folder. */
  readonly baseFolder: string;
  /** Threads for decoding. */
  readonly threads: number;
}

export interface Dataset {
  readonly name: string;
  /** sha256 over everything that determines the images, labels and their order. */
  readonly identity: string;
  readonly resolution: number;
  readonly classes: readonly string[];
  /** Whether the class names are those of the feature extractor's own training set. */
  readonly classesAreImageNet: boolean;
  readonly train: ImageSource;
  readonly reference: ImageSource;
  readonly heldOut: ImageSource;
  /** Sentences for the report: small classes, skipped files. */
  readonly warnings: readonly string[];
}

/** Random access to labelled images. */
export interface ImageSource {
  readonly length: number;
  readonly identity: string;
  /** uint8 RGB, [indices.length, resolution, resolution, 3], in the order asked. */
  images(indices: readonly number[]): Promise<Uint8Array>;
  label(index: number): number;
}

// ── Models ──────────────────────────────────────────────────────────────────────────────────────

/** What a model is asked to learn. */
export interface Task {
  readonly resolution: number;
  /** Number of classes; 0 when unconditional. */
  readonly classes: number;
}

export interface Model<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  /** Training stages in order, without those that `pretrained` stands for; stages of several entries that hash alike run once. */
  stages(options: Options, task: Task): readonly Stage[];
  /** A sampler of `batchSize` images a call, over what the stages handed on, by stage name. */
  sampler(
    options: Options,
    task: Task,
    weights: StageWeights,
    runtime: Runtime,
    batchSize: number,
  ): Promise<Sampler>;
  /** Images a call when samples are made for scoring. */
  samplingBatchSize(options: Options, task: Task): number;
  /** What this configuration does otherwise than its paper: one sentence each, for the report. */
  deviations(options: Options, task: Task): readonly string[];
  /** Weights made elsewhere that the options name; first those that are sampled from, where nothing is trained. */
  pretrained?(options: Options): readonly Pretrained[];
  /** What can be taken out of a trained entry, by name; the first is what is meant where none is named. */
  exported?(options: Options, task: Task, batchSize: number): Readonly<Record<string, ExportedNetwork>>;
  /** As one file, which `pretrained` reads, all that an entry samples from; without it, the states of the first of `exported`. */
  stateDict?(weights: StageWeights): Tensors;
  /** Which networks of this plugin's a file of tensors holds. */
  recognise?(file: NamedShapes): Awaitable<readonly RecognisedPart[]>;
  /**
   * Options in place of the entry's own by which its trained weights are sampled on terms that are the same for every model: EDM's
   * Heun (one step, for a model of one) in the most steps that fit; null where none does, or guidance would act at no call.
   */
  resampled?(options: Options, task: Task, terms: SamplingTerms): Readonly<Record<string, unknown>> | null;
  /** For models with an autoencoder: passes real images through it. */
  reconstructor?(
    options: Options,
    task: Task,
    weights: StageWeights,
    runtime: Runtime,
  ): Promise<Reconstructor>;
  /** For models that pre-train an encoder: how its features are read, to be probed for what they know. null: these options pre-train none. */
  encoderProbe?(options: Options, task: Task): EncoderProbe | null;
}

/** Network calls an image at most, those of guidance among them; guidance's scale (1 is none), null without. */
export interface SamplingTerms {
  readonly calls: number;
  readonly guidance: number | null;
}

type Awaitable<Value> = Value | Promise<Value>;

export type StageWeights = Readonly<Record<string, Tensors>>;

/** A file in place of a stage. */
export interface Pretrained {
  /** The name of the stage whose result it stands for. */
  readonly stage: string;
  /** As the options give it: relative to the config. */
  readonly file: string;
  /** Nothing is trained or sampled by it: the reconstructor's judge alone looks through it. */
  readonly judges?: true;
  /**
   * Opens it and compares every name and shape with what the task needs; its numbers are read later.
   * @throws UserError for a file of other names or shapes
   */
  open(path: string, task: Task): Promise<OpenPretrained>;
}

export interface OpenPretrained {
  /** What of the file is taken: "the EMA part (nnet_ema/)". */
  readonly part: string;
  /** As if the stage had handed them on. */
  read(): Promise<Tensors>;
  close(): Promise<void>;
}

/** A network to be used on its own, by other programs too. */
export interface ExportedNetwork {
  readonly program: Program;
  /** The stage that hands on its states. */
  readonly stage: string;
  /** Which of the weights that training keeps they are. */
  readonly role: PartRole;
  /** What its inputs and outputs are, by name: meaning, units, range. */
  readonly documentation: Readonly<Record<string, string>>;
  /** What else one must know to use it: how images are normalised, which σ is meant. */
  readonly conventions: Readonly<Record<string, string>>;
}

/** A file of tensors to be recognised by names and shapes alone. */
export interface NamedShapes {
  readonly path: string;
  readonly shapes: Shapes;
  /** A safetensors file's own texts. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A state dict that a plugin knows. */
export interface RecognisedPart extends Differences {
  /** "EPG", "SD-VAE". */
  readonly family: string;
  /** "XL/16, 256 px, 1000 classes"; the dimensions where they are no listed size's. */
  readonly size: string;
  /** null where the file does not tell. */
  readonly role: PartRole | null;
  /** What the names of its tensors begin with in the file. */
  readonly prefix: string;
  readonly parameters: number;
}

export interface PreparationCost {
  readonly images: number;
  readonly macs: number;
  readonly flops: number;
}

export interface Stage {
  /** "pre-training", "diffusion fine-tuning", "VAE", "DiT". */
  readonly name: string;
  /** Names of the earlier stages of this model whose results, or the files in their place, it starts from. */
  readonly after: readonly string[];
  /** One training step. It must have a scalar output `loss`. */
  readonly program: Program;
  readonly batchSize: number;
  /** Steps asked for by the options; null when a budget derives them. */
  readonly steps: number | null;
  /** Part of the entry's training FLOPs this stage gets when a budget derives the steps (an entry's shares add to 1). */
  readonly share: number;
  /** It trains an autoencoder, which other models can share: billed in full, in part and not at all. */
  readonly autoencoder?: true;
  /** Everything beside program, host code, data, seed and steps that the batches depend on. Hashed. */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Work before the first step (encoding the data set); runs through `context.runtime`, so it is billed. Cached with the stage. */
  prepare?(context: StageContext): Promise<Tensors>;
  /** What `prepare` takes for that many training images, so that a budget can count it: images seen, each mirrored one apart, MACs and FLOPs. */
  preparationCost?(trainingImages: number): PreparationCost;
  /** States that do not start from their initialisers, by state name. */
  start(context: StageContext): Tensors;
  /**
   * The inputs of step `step` (from 0): a pure function of (context, step), so that any step can be
   * made again after a kill. `prepared` is what `prepare` returned.
   */
  batches(context: StageContext, prepared: Tensors): (step: number) => Promise<Tensors>;
  /** What the stage hands on, from its final (or a checkpoint's) state: names → tensors. */
  result(state: Tensors): Tensors;
}

export interface StageContext {
  readonly task: Task;
  readonly steps: number;
  readonly batchSize: number;
  readonly train: ImageSource;
  /** Keyed by (seed, stage); draw with further keys: `random.stream("noise", step)`. */
  readonly random: Stream;
  /** Results of the stages named in `after`. */
  readonly previous: StageWeights;
  readonly runtime: Runtime;
}

/** What a compiled program is for: calls of "network" are the NFE, those of "decoder" stand apart. */
export type Role = "network" | "decoder" | "encoder" | "extractor";

/** How models reach the backend; every call is counted here. */
export interface Runtime {
  compile(program: Program, state: Tensors, role: Role): Promise<Executable>;
}

export interface Sampler {
  /** Images a call makes, exactly. */
  readonly batchSize: number;
  /**
   * Makes `batchSize` images, uint8 NHWC. Image k depends on `streams[k]` and `labels[k]` alone
   * (label −1: unconditional). Guidance passes are network calls like any other.
   */
  sample(streams: readonly Stream[], labels: readonly number[]): Promise<Uint8Array>;
  /** How it samples, for the report and for identity: solver, steps, guidance, clamp. */
  readonly description: Readonly<Record<string, string | number | boolean>>;
  dispose(): Promise<void>;
}

export interface Reconstructor {
  readonly batchSize: number;
  /** uint8 NHWC in, the same shape out. */
  reconstruct(images: Uint8Array): Promise<Uint8Array>;
  /** Where a network judges what became of images: "lpips-vgg", for the report, and how far each image is from what it became. */
  readonly judge?: {
    readonly metric: string;
    readonly convention: string;
    distances(images: Uint8Array, made: Uint8Array): Promise<Float32Array>;
  };
  dispose(): Promise<void>;
}

/** An encoder trained without labels, and how images reach it. */
export interface EncoderProbe {
  /** The stage that hands on its weights. */
  readonly stage: string;
  /** For the report: which weights, at which noise level, and what of the network the features are. */
  readonly convention: string;
  readonly batchSize: number;
  /** Numbers an image. */
  readonly dims: number;
  /** @param weights what the stage handed on */
  open(weights: Tensors, runtime: Runtime): Promise<Encoder>;
}

export interface Encoder {
  /** `batchSize` images, uint8 NHWC, to features [batchSize, dims]; each depends on its image alone. */
  encode(images: Uint8Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

// ── Features ────────────────────────────────────────────────────────────────────────────────────

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
  /** RGB images of any sizes, each prepared from its own: rows of `features` [n, dims] and `logits` [n, classes]. */
  extract(images: readonly Image[]): Promise<Features>;
}

export interface Features {
  readonly n: number;
  readonly dims: number;
  readonly features: Float32Array;
  readonly classes: number;
  readonly logits: Float32Array;
}

// ── Reports ─────────────────────────────────────────────────────────────────────────────────────

export interface Reporter {
  readonly name: string;
  /** Writes into the run folder from the result alone; returns the paths written, relative to it. */
  write(result: import("./result.ts").Result, folder: string): Promise<readonly string[]>;
}
