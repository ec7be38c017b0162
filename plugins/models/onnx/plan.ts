/** What a file is to be called with: its inputs and outputs, checked by name, type and shape. */
import { resolve } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import type { ModelContext, Task } from "../../../harness/plugin.ts";
import type { ChannelScale } from "../solvers/pixels.ts";
import { type ModelFile, readModelFile, type Signature } from "./model-file.ts";
import type { OnnxOptions } from "./options.ts";

type InputName = keyof OnnxOptions["inputs"];

export interface Call {
  readonly model: ModelFile;
  readonly kind: "generator" | "denoiser";
  /** The graph's name of each input that it has. */
  readonly names: Readonly<Partial<Record<InputName, string>>>;
  readonly output: string;
  /** Images a call. */
  readonly batch: number;
  /** Of noise or x, an image. */
  readonly shape: readonly number[];
  readonly labelType: "int32" | "int64";
  /** The label that is no class; null: there is none. */
  readonly noClass: number | null;
  readonly scales: readonly ChannelScale[];
  /** What σ is multiplied by. */
  readonly shift: number;
}

const INPUTS: readonly InputName[] = ["noise", "x", "sigma", "time", "labels"];
const FLOAT32 = 1;
const LABEL_TYPES: Readonly<Record<number, "int32" | "int64">> = { 6: "int32", 7: "int64" };

/** @throws UserError for a file that is neither, or does not fit the task */
export async function planCall(
  options: OnnxOptions,
  task: Task,
  { baseFolder }: ModelContext,
): Promise<Call> {
  const model = await readModelFile(resolve(baseFolder, options.file));
  const names = namesOf(options, model);
  const kind = names.noise === undefined ? "denoiser" : "generator";
  if (kind === "denoiser" && (names.x === undefined || names.sigma === undefined))
    throw refused(
      model,
      `inputs are ${[...model.inputs.keys()].join(", ")}: a generator has noise, a denoiser x and sigma`,
      "say which is which: inputs: { noise: NAME } or inputs: { x: NAME, sigma: NAME }",
    );
  if (kind === "generator" && (options.sampler ?? options.guidance) !== null)
    throw refused(model, "it is a generator, one call an image", "leave sampler and guidance out");
  const image = model.inputs.get(names.noise ?? names.x!)!;
  const [outputName, output] = [...model.outputs][0]!;
  if (model.outputs.size > 1)
    throw refused(
      model,
      `it has the outputs ${[...model.outputs.keys()].join(", ")}`,
      "export one with images alone",
    );
  requireImages(model, outputName, output, task);
  if (kind === "denoiser") requireImages(model, names.x!, image, task);
  const call = {
    model,
    kind,
    names,
    output: outputName,
    batch: image.dims[0] ?? options.batchSize,
    shape:
      kind === "denoiser" ? [3, task.resolution, task.resolution] : noiseShape(model, names.noise!, image),
    labelType: labelType(model, names.labels),
    noClass: noClassOf(options, model, task, names.labels !== undefined),
    scales: scalesOf(options, model, kind),
    shift: Number(/each times ([\d.]+)/.exec(model.metadata.get("sigma") ?? "")?.[1] ?? 1),
  } as const;
  for (const name of [names.sigma, names.time]) if (name !== undefined) requireLevel(model, name, call.batch);
  return call;
}

const refused = ({ path }: ModelFile, problem: string, fix: string): UserError =>
  new UserError(`file: ${path}: ${problem}`, fix);

function namesOf({ inputs }: OnnxOptions, model: ModelFile): Call["names"] {
  const named = INPUTS.flatMap((input): [InputName, string][] => {
    const given = inputs[input];
    if (given !== undefined && !model.inputs.has(given))
      throw refused(
        model,
        `it has no input ${JSON.stringify(given)}, but ${[...model.inputs.keys()].join(", ")}`,
        `name another as inputs.${input}`,
      );
    const name = given ?? input;
    return model.inputs.has(name) ? [[input, name]] : [];
  });
  const known = new Set(named.map(([, name]) => name));
  const surplus = [...model.inputs.keys()].find((name) => !known.has(name));
  if (surplus !== undefined)
    throw refused(
      model,
      `what its input ${JSON.stringify(surplus)} is meant to be is not known`,
      `name it: inputs: { ${INPUTS.join(" | ")}: ${JSON.stringify(surplus)} }`,
    );
  return Object.fromEntries(named);
}

const shown = ({ elementType, dims }: Signature): string =>
  `${elementType === FLOAT32 ? "float32" : `element type ${elementType}`} [${dims.map((dim) => dim ?? "?").join(", ")}]`;

function requireImages(model: ModelFile, name: string, signature: Signature, { resolution }: Task): void {
  const [, ...image] = signature.dims;
  const wanted = [3, resolution, resolution];
  const fits = image.length === 3 && image.every((dim, i) => dim === null || dim === wanted[i]);
  if (signature.elementType !== FLOAT32 || !fits)
    throw refused(
      model,
      `${name} is ${shown(signature)}, not float32 [batch, 3, ${resolution}, ${resolution}]`,
      "export it in float32, channels first, at the data set's resolution",
    );
}

function noiseShape(model: ModelFile, name: string, signature: Signature): number[] {
  const [, ...each] = signature.dims;
  if (signature.elementType === FLOAT32 && each.length > 0 && each.every((dim) => dim !== null && dim > 0))
    return each as number[];
  throw refused(
    model,
    `${name} is ${shown(signature)}, not float32 [batch, …] of known size`,
    "export it in float32, the batch alone open",
  );
}

/** A number an image, whatever axes of 1 follow; or one for all. */
function requireLevel(model: ModelFile, name: string, batch: number): void {
  const signature = model.inputs.get(name)!;
  const [first = null, ...rest] = signature.dims;
  if (
    signature.elementType !== FLOAT32 ||
    (first !== null && first !== batch) ||
    rest.some((dim) => dim !== 1)
  )
    throw refused(
      model,
      `${name} is ${shown(signature)}, not float32 [batch]`,
      "export it with a number an image",
    );
}

function labelType(model: ModelFile, name: string | undefined): Call["labelType"] {
  if (name === undefined) return "int64";
  const signature = model.inputs.get(name)!;
  const type = LABEL_TYPES[signature.elementType];
  if (type && signature.dims.length === 1) return type;
  throw refused(
    model,
    `${name} is ${shown(signature)}, not int32 or int64 [batch]`,
    "export it with a class an image",
  );
}

function noClassOf(
  { noClass, guidance }: OnnxOptions,
  model: ModelFile,
  { classes }: Task,
  labelled: boolean,
): number | null {
  const told = /^(\d+)/.exec(model.metadata.get("classes") ?? "")?.[1];
  if (labelled && told !== undefined && classes > 0 && Number(told) !== classes)
    throw refused(
      model,
      `it knows ${told} classes, the data set has ${classes}`,
      "use the data it was trained on",
    );
  const none = labelled ? (noClass ?? (told === undefined ? null : Number(told))) : null;
  if (labelled && none === null && classes === 0)
    throw refused(model, "it wants labels, and the run has none", "say which label is no class: noClass");
  if (guidance !== null && none === null)
    throw refused(
      model,
      "guidance needs a label that is no class",
      "name it (noClass), or leave guidance out",
    );
  return none;
}

/** As EPG's exports tell it; their generators answer from 0 to 1. */
function scalesOf({ range }: OnnxOptions, model: ModelFile, kind: Call["kind"]): Call["scales"] {
  const same = (mean: number, deviation: number): Call["scales"] => Array(3).fill({ mean, deviation });
  if (range) {
    const [low, high] = range;
    return same(-low / (high - low), 1 / (high - low));
  }
  const told = /mean ([-\d., e]+), deviation ([-\d., e]+)$/.exec(model.metadata.get("normalisation") ?? "");
  const [means = [], deviations = []] = told
    ? [told[1]!, told[2]!].map((list) => list.split(", ").map(Number))
    : [];
  if (means.length !== 3 || deviations.length !== 3)
    throw refused(
      model,
      "it does not tell what black and white are in its images",
      "say so: range: [-1, 1], or [0, 1]",
    );
  return kind === "generator"
    ? same(0, 1)
    : means.map((mean, channel) => ({ mean, deviation: deviations[channel]! }));
}
