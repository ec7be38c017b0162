/**
 * What training takes on N GPUs of a kind, by arithmetic: data parallel, the whole model on every GPU, its images shared out.
 * Time rests on a utilisation that somebody measured; memory and communication on the programs.
 */
import type { Gpu } from "../measure/gpus.ts";
import { GPUS_A_NODE } from "../measure/gpus.ts";
import type { EntryCost, TrainingLine } from "./entry-cost.ts";

export interface Gpus {
  readonly gpu: Gpu;
  readonly count: number;
  /** Part of the peak that 2·MACs, those computed anew among them, reach over the step's time. */
  readonly utilisation: number;
}

export interface StageOnGpus {
  readonly stage: string;
  readonly steps: number | null;
  readonly batchSize: number | null;
  /** On the GPU that has most of the batch; null where nothing steps. */
  readonly imagesPerGpu: number | null;
  readonly stepSeconds: number | null;
  readonly hours: number;
  readonly gpuHours: number;
  readonly communication: Communication | null;
  readonly memory: Memory | null;
}

/** Of a step: the gradients' all-reduce in a ring. */
interface Communication {
  /** That every GPU sends, 2 (N − 1) / N of the gradients' (Patarasuk and Yuan 2009). */
  readonly bytes: number;
  /** At the slowest link's full rate. */
  readonly seconds: number;
}

/** Bytes on one GPU. */
interface Memory {
  readonly parameters: number;
  /** Moments, averages and what else the stage keeps. */
  readonly moments: number;
  readonly gradients: number;
  /** Most that is alive at once of what the step computes. */
  readonly activations: number;
  readonly total: number;
  readonly fits: boolean;
  /** The total with blocks computed anew in the backward pass; null where all fits, or nothing is left to recompute. */
  readonly recomputingTotal: number | null;
}

const FLOAT32 = 4;
const BFLOAT16 = 2;

/** The bytes a second that the slowest link between `count` GPUs carries from one of them. */
export const linkOf = ({ gpu, count }: Pick<Gpus, "gpu" | "count">): number =>
  count > GPUS_A_NODE ? gpu.networkLink : gpu.nodeLink;

export const onGpus = ({ training }: Pick<EntryCost, "training">, gpus: Gpus): StageOnGpus[] =>
  training.map((line) => (line.kind === "encoding" ? encoding(line, gpus) : stepping(line, gpus)));

/** Seconds of one GPU's work. */
const secondsOf = (macs: number, { gpu, utilisation }: Gpus): number =>
  (2 * macs) / (gpu.peakFlops * utilisation);

function encoding({ stage, macs }: TrainingLine, gpus: Gpus): StageOnGpus {
  const gpuHours = secondsOf(macs, gpus) / 3600;
  return {
    stage,
    steps: null,
    batchSize: null,
    imagesPerGpu: null,
    stepSeconds: null,
    hours: gpuHours / gpus.count,
    gpuHours,
    communication: null,
    memory: null,
  };
}

/** A GPU cannot have half an image: the one with most of them is waited for. Communication hides behind the backward pass. */
function stepping(line: TrainingLine, gpus: Gpus): StageOnGpus {
  const { stage, images, batchSize, macs, recomputedMacs, memory } = line;
  const steps = line.steps!;
  const imagesPerGpu = Math.ceil(batchSize / gpus.count);
  const communication = allReduce(line.parameters, gpus);
  const macsPerImage = (macs + recomputedMacs) / images;
  const stepSeconds = Math.max(secondsOf(macsPerImage * imagesPerGpu, gpus), communication?.seconds ?? 0);
  const hours = (steps * stepSeconds) / 3600;
  return {
    stage,
    steps,
    batchSize,
    imagesPerGpu,
    stepSeconds,
    hours,
    gpuHours: hours * gpus.count,
    communication,
    memory: memory && memoryOf(line.parameters, memory, imagesPerGpu / batchSize, gpus.gpu),
  };
}

function allReduce(parameters: number, gpus: Gpus): Communication | null {
  const { count } = gpus;
  if (count === 1) return null;
  const bytes = ((2 * (count - 1)) / count) * FLOAT32 * parameters;
  return { bytes, seconds: bytes / linkOf(gpus) };
}

function memoryOf(
  count: number,
  { stateBytes, peakBytes, recomputingPeakBytes }: NonNullable<TrainingLine["memory"]>,
  part: number,
  gpu: Gpu,
): Memory {
  const parameters = (FLOAT32 + BFLOAT16) * count;
  const moments = stateBytes - FLOAT32 * count;
  const gradients = FLOAT32 * count;
  const held = parameters + moments + gradients;
  // The program holds every number in float32.
  const activationsOf = (bytes: number): number => (bytes * part * BFLOAT16) / FLOAT32;
  const activations = activationsOf(peakBytes);
  const total = held + activations;
  const fits = total <= gpu.memoryBytes;
  const recomputingTotal =
    fits || recomputingPeakBytes === null ? null : held + activationsOf(recomputingPeakBytes());
  return { parameters, moments, gradients, activations, total, fits, recomputingTotal };
}
