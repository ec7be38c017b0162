/** Models: what the harness trains and samples. */
import type { ZodType } from "zod";
import type { Differences, PartRole, Shapes } from "../formats/state-dict.ts";
import type { Program, Tensors } from "../program/index.ts";
import type { Runtime } from "./backend.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { EncoderProbe, Reconstructor, Sampler } from "./sampling.ts";
import type { Stage } from "./stage.ts";

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
    context: ModelContext,
  ): Promise<Sampler>;
  /** Images a call when samples are made for scoring. */
  samplingBatchSize(options: Options, task: Task): number;
  /** What this configuration does otherwise than its paper: one sentence each, for the report. */
  deviations(options: Options, task: Task): readonly string[];
  /** Weights made elsewhere that the options name; first those that are sampled from, where nothing is trained. */
  pretrained?(options: Options): readonly Pretrained[];
  /** What can be taken out of a trained entry, by name; the first is what is meant where none is named. */
  exported?(options: Options, task: Task, batchSize: number, weights: StageWeights): ExportedNetworks;
  /** As one file, which `pretrained` reads, all that an entry samples from; without it, the states of the first of `exported`. */
  stateDict?(weights: StageWeights): Tensors;
  /** Which networks of this plugin's a file of tensors holds. */
  recognise?(file: NamedShapes): Awaitable<readonly RecognisedPart[]>;
  /**
   * Options in place of the entry's own by which its trained weights are sampled on terms that are the same for every model: EDM's
   * Heun (one step, for a model of one) in the most steps that fit; where there are none, a clause that says why, for the report.
   */
  resampled?(
    options: Options,
    task: Task,
    terms: SamplingTerms,
    context: ModelContext,
  ): Awaitable<Readonly<Record<string, unknown>> | string>;
  /** For models with an autoencoder: passes real images through it. */
  reconstructor?(
    options: Options,
    task: Task,
    weights: StageWeights,
    runtime: Runtime,
  ): Promise<Reconstructor>;
  /** For models that pre-train an encoder: how its features are read, to be probed for what they know. null: these options pre-train none. */
  encoderProbe?(options: Options, task: Task): EncoderProbe | null;
  /**
   * sha256 of the files and programs that the options name beside those of `pretrained`: images depend on them. Asked
   * for before anything runs, so that what is missing, or does not fit, is missed at once.
   */
  identity?(options: Options, task: Task, context: ModelContext): Promise<string>;
  /** For models that nothing here trains and whose networks do not run through the runtime: what is known of their cost. */
  elsewhere?(options: Options, task: Task, context: ModelContext): Awaitable<Elsewhere>;
  /** In place of sampling: images that exist already, a folder, tar or zip of them, or an npz; relative to the config. */
  images?(options: Options): string;
}

export interface ModelContext {
  /** Relative paths in the options are relative to this folder. */
  readonly baseFolder: string;
}

/** Network calls an image at most, those of guidance among them; guidance's scale (1 is none), null without. */
export interface SamplingTerms {
  readonly calls: number;
  readonly guidance: number | null;
}

export type Awaitable<Value> = Value | Promise<Value>;

export type StageWeights = Readonly<Record<string, Tensors>>;

/** A file in place of a stage. */
export interface Pretrained {
  /** The name of the stage whose result it stands for. */
  readonly stage: string;
  /** As the options give it: relative to the config. */
  readonly file: string;
  /** Nothing is trained or sampled by it: the reconstructor's judge alone looks through it. */
  readonly judges?: true;
  /** What it took belongs to an autoencoder's training, which other models can share. */
  readonly autoencoder?: true;
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

export type ExportedNetworks = Readonly<Record<string, ExportedNetwork>>;
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
