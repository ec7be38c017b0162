/** A latent model in two files, as `export onnx` writes its denoiser and its decoder: sampled by the latent models' own samplers. */
import { resolve } from "node:path";
import * as ort from "onnxruntime-node";
import { UserError } from "../../../harness/errors.ts";
import type { ModelContext, Task } from "../../../harness/plugin.ts";
import { sizeOf, type Tensor } from "../../../harness/program/index.ts";
import { createStream } from "../../../harness/random/index.ts";
import { defaultSampler, isAdaptive, misfit, type SamplerChoice } from "../solvers/latent/choice.ts";
import type { Guidance, LatentShape } from "../solvers/latent/network.ts";
import { OBJECTIVES, type Objective } from "../solvers/latent/objective.ts";
import { resampled } from "../solvers/latent/resampled.ts";
import { samplerOver } from "../solvers/latent/sampler.ts";
import type { CallsAnImage, OpenFiles, PlannedFiles } from "./files.ts";
import { type ModelFile, readModelFile, type Signature } from "./model-file.ts";
import type { OnnxOptions } from "./options.ts";
import { openSession } from "./session.ts";

type LatentOptions = OnnxOptions & { readonly latent: NonNullable<OnnxOptions["latent"]> };

interface LatentCall {
  readonly denoiser: ModelFile;
  readonly decoder: ModelFile;
  readonly objective: Objective;
  readonly scale: number;
  readonly shape: LatentShape;
  /** Images a call, of both. */
  readonly batch: number;
  readonly sampler: SamplerChoice;
  readonly guidance: Guidance;
}

const FLOAT32 = 1;
const INT32 = 6;
const EXPORT =
  "name what `epg-bench export onnx` wrote of one latent entry: --network denoiser, and --network decoder";

/** @throws UserError for files that are not those two, or do not fit each other or the task */
export async function planLatent(
  options: LatentOptions,
  task: Task,
  context: ModelContext,
): Promise<PlannedFiles> {
  const call = await planCall(options, task, context);
  const { sampler, objective } = call;
  return {
    files: [call.denoiser, call.decoder],
    async callsAnImage() {
      const calls = await callsAnImage(call);
      return isAdaptive(sampler) ? { ...calls, network: null } : calls;
    },
    resampled(terms) {
      const again = resampled({ guidance: options.latent.guidance ?? undefined, objective }, task, terms);
      return typeof again === "string" ? again : { latent: { decoder: options.latent.decoder, ...again } };
    },
    open: () => openLatent(options, call),
  };
}

async function planCall(
  options: LatentOptions,
  task: Task,
  { baseFolder }: ModelContext,
): Promise<LatentCall> {
  const { latent } = options;
  const denoiser = await readModelFile(resolve(baseFolder, options.file));
  const decoder = await readModelFile(resolve(baseFolder, latent.decoder));
  const told = (name: string): string => {
    const text = denoiser.metadata.get(name);
    if (text !== undefined && text === decoder.metadata.get(name)) return text;
    throw refused(text === undefined ? denoiser : decoder, `it does not tell ${name} as the other file must`);
  };
  const objective = OBJECTIVES.find((one) => one === told("objective"));
  if (!objective) throw refused(denoiser, `its objective is ${JSON.stringify(told("objective"))}`);
  const scale = Number(told("latent_scale"));
  const classes = Number(/^\d+/.exec(told("classes"))?.[0]);
  if (!(scale > 0) || classes !== task.classes)
    throw refused(
      denoiser,
      `it knows ${classes} classes and the scale ${scale}, the run has ${task.classes} classes`,
    );
  const [batch, channels, side] = sizesOf(denoiser, "x", denoiser.inputs.get("x"));
  const [, outputChannels] = sizesOf(denoiser, "out", denoiser.outputs.get("out"));
  require(denoiser, "t", denoiser.inputs.get("t"), FLOAT32, [batch]);
  require(denoiser, "labels", denoiser.inputs.get("labels"), INT32, [batch]);
  require(decoder, "latents", decoder.inputs.get("latents"), FLOAT32, [batch, channels, side, side]);
  const image = [batch, 3, task.resolution, task.resolution];
  require(decoder, "images", decoder.outputs.get("images"), FLOAT32, image);
  const sampler = latent.sampler ?? defaultSampler(objective);
  const message = misfit(sampler, objective);
  if (message !== null) throw new UserError(`latent.sampler: ${message}`, "choose another");
  const scaleOfGuidance = latent.guidance?.scale ?? 1;
  if (classes === 0 && scaleOfGuidance !== 1)
    throw new UserError("latent.guidance: there are no classes to guide towards", "leave it out");
  return {
    denoiser,
    decoder,
    objective,
    scale,
    shape: { latentChannels: channels, outputChannels, side, classes },
    batch,
    sampler,
    guidance: {
      scale: scaleOfGuidance,
      channels: latent.guidance?.channels ?? channels,
      low: latent.guidance?.low ?? 0,
      high: latent.guidance?.high ?? null,
    },
  };
}

const refused = ({ path }: ModelFile, problem: string): UserError =>
  new UserError(`latent: ${path}: ${problem}`, EXPORT);

type Sizes = readonly [number, number, number, number];

function sizesOf(file: ModelFile, name: string, signature: Signature | undefined): Sizes {
  const dims = signature?.dims ?? [];
  if (signature?.elementType === FLOAT32 && dims.length === 4 && dims.every((dim) => dim !== null && dim > 0))
    return dims as Sizes;
  throw refused(file, `it has no ${name} that is float32 [batch, channels, height, width] of known size`);
}

function require(
  file: ModelFile,
  name: string,
  signature: Signature | undefined,
  type: number,
  dims: readonly number[],
): void {
  if (signature?.elementType !== type || signature.dims.join() !== dims.join())
    throw refused(
      file,
      `it has no ${name} of ${type === FLOAT32 ? "float32" : "int32"} [${dims.join(", ")}]`,
    );
}

/** Of one image, on a network that answers 0. */
async function callsAnImage(call: LatentCall): Promise<CallsAnImage> {
  const { outputChannels, side, classes } = call.shape;
  const calls = { network: 0, decoder: 0 };
  const zeros = (...shape: readonly number[]): Tensor => ({
    dtype: "float32",
    shape,
    data: new Float32Array(sizeOf(shape)),
  });
  const sampler = samplerOver({
    ...call,
    batchSize: 1,
    about: {},
    network: {
      async run() {
        calls.network++;
        return { out: zeros(1, outputChannels, side, side) };
      },
      async dispose() {},
    },
    decoder: {
      async decode() {
        calls.decoder++;
        return zeros(1, 3, side, side);
      },
      async dispose() {},
    },
  });
  await sampler.sample([createStream(0)], [classes > 0 ? 0 : -1]);
  return calls;
}

async function openLatent(options: LatentOptions, call: LatentCall): Promise<OpenFiles> {
  const { shape, batch } = call;
  const network = await openSession(call.denoiser, options.threads);
  const decoder = await openSession(call.decoder, options.threads);
  let calls = 0;
  const sampler = samplerOver({
    ...call,
    batchSize: batch,
    about: { file: options.file, decoder: options.latent.decoder },
    network: {
      async run({ x, t, labels }) {
        calls++;
        const { out } = await network.run({
          x: float(x!),
          t: float(t!),
          labels: new ort.Tensor("int32", Int32Array.from(labels!.data), [batch]),
        });
        const dims = [batch, shape.outputChannels, shape.side, shape.side];
        return { out: { dtype: "float32", shape: dims, data: out!.data as Float32Array } };
      },
      dispose: () => network.release(),
    },
    decoder: {
      async decode(latents) {
        const { images } = await decoder.run({ latents: float(latents) });
        return { dtype: "float32", shape: images!.dims, data: images!.data as Float32Array };
      },
      dispose: () => decoder.release(),
    },
  });
  const { description, sample, dispose } = sampler;
  return { batch, description, make: sample, calls: () => calls, dispose };
}

const float = ({ data, shape }: Tensor): ort.Tensor =>
  new ort.Tensor("float32", Float32Array.from(data), [...shape]);
