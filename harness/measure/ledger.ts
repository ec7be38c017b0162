/** The compute ledger: a line for everything that costs, counted from the programs that ran. */
import type { PreparationCost, Told, Work } from "../plugin.ts";
import type { LedgerLine } from "../result.ts";

/** Part of its time that training may wait for batches: above it a device is not fed as it could be. */
export const MOST_INPUT_WAIT = 0.02;

/** The line of an entry's own decoding. */
export const DECODING = "decoding samples";

/** A line whose work a runtime or a program counted. */
export interface CountedLine extends LedgerLine {
  readonly macs: number;
  readonly flops: number;
  readonly parameters: number;
}

/** The work of training a stage. */
export interface TrainingWork {
  readonly steps: number;
  readonly batchSize: number;
  readonly images: number;
  readonly macs: number;
  readonly flops: number;
  readonly parameters: number;
  /** Beside `macs` and `flops`: what was computed anew for the backward pass. */
  readonly recomputed: Work;
  /** Of `macs` and `flops`, what encoding every step's images took; zero where the steps encode none. */
  readonly encoding: Work;
  /** Encoding before the first step, of the data set or some of it; zero images where there is none. */
  readonly preparation: PreparationCost;
}

/** A stage's work: a step's, so many times, and what is before the first. */
export function workOfSteps(steps: number, step: Omit<TrainingWork, "steps" | "images">): TrainingWork {
  const times = ({ macs, flops }: Work): Work => ({ macs: steps * macs, flops: steps * flops });
  const { batchSize, parameters, recomputed, encoding, preparation } = step;
  return {
    steps,
    images: steps * batchSize,
    batchSize,
    ...times(step),
    parameters,
    recomputed: times(recomputed),
    encoding: times(encoding),
    preparation,
  };
}

export const NO_WORK: Work = { macs: 0, flops: 0 };
export const NO_PREPARATION: PreparationCost = { what: "", images: 0, batchSize: 0, ...NO_WORK };

/** What only a run can tell. */
export interface Measured {
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
}

/** The same where another process computes, or where images exist already. */
type MeasuredInPart = { readonly [Name in keyof Measured]: number | null };

/** Of what was counted without running it. */
export const NOT_MEASURED = { wallSeconds: null, peakMemoryBytes: null } as const;

/** What training a stage took. */
export interface TrainingCost extends TrainingWork, Measured {
  /** Of `wallSeconds`, what steps waited for their batches. */
  readonly inputWaitSeconds: number;
}

/** The work of making `n` samples; null: computed elsewhere, and not known. */
interface SamplingWork {
  readonly n: number;
  readonly batchSize: number;
  /** Of network and decoder, an image. */
  readonly macsPerImage: number | null;
  readonly flopsPerImage: number | null;
  readonly decoderCalls: number;
  readonly decoderMacsPerImage: number | null;
  readonly decoderFlopsPerImage: number | null;
  readonly networkParameters: number | null;
  readonly decoderParameters: number;
  /** Who tells MACs that were not counted here; null: they were. */
  readonly told: Told["by"] | null;
}

/** The same where all of it was counted. */
export interface CountedSampling extends SamplingWork {
  readonly macsPerImage: number;
  readonly flopsPerImage: number;
  readonly decoderMacsPerImage: number;
  readonly decoderFlopsPerImage: number;
  readonly networkParameters: number;
}

/** What making them took. */
export interface SamplingCost extends SamplingWork, MeasuredInPart {}

/** A stage's lines: encoding, before the first step or in every one, where there is any, and its steps. Entries that share it are all billed. */
export function trainingLines(
  { name: stage, autoencoder }: { readonly name: string; readonly autoencoder: boolean },
  result: TrainingCost | (TrainingWork & typeof NOT_MEASURED),
  entries: readonly string[],
  cached: boolean,
): CountedLine[] {
  const { preparation, encoding, images, batchSize } = result;
  const common = { entries: [...entries], batchSize, cached };
  const training: CountedLine = {
    ...common,
    stage,
    kind: "training",
    steps: result.steps,
    images,
    macs: result.macs - encoding.macs,
    flops: result.flops - encoding.flops,
    ...(result.recomputed.flops > 0 && { recomputedFlops: result.recomputed.flops }),
    parameters: result.parameters,
    ...(autoencoder && { autoencoder }),
    wallSeconds: result.wallSeconds,
    ...("inputWaitSeconds" in result && { inputWaitSeconds: result.inputWaitSeconds }),
    peakMemoryBytes: result.peakMemoryBytes,
  };
  const encoded = (
    steps: number | null,
    { what, images, batchSize, macs, flops }: PreparationCost,
  ): CountedLine => ({
    ...common,
    stage: `${stage}: ${what}`,
    kind: "encoding",
    steps,
    images,
    batchSize,
    macs,
    flops,
    parameters: 0,
    // Its time is in the stage's.
    wallSeconds: null,
    peakMemoryBytes: null,
  });
  return [
    ...(preparation.images > 0 ? [encoded(null, preparation)] : []),
    ...(encoding.macs > 0
      ? [encoded(result.steps, { what: "encoding every step's images", images, batchSize, ...encoding })]
      : []),
    training,
  ];
}

/** An entry's sampling: the network's calls, and the decoder's on a line apart. */
export function samplingLines(
  entry: string,
  result: CountedSampling & typeof NOT_MEASURED,
  cached: boolean,
): CountedLine[];
export function samplingLines(entry: string, result: SamplingCost, cached: boolean): LedgerLine[];
export function samplingLines(entry: string, result: SamplingCost, cached: boolean): LedgerLine[] {
  const common = {
    entries: [entry],
    steps: null,
    images: result.n,
    batchSize: result.batchSize,
    peakMemoryBytes: result.peakMemoryBytes,
    cached,
  };
  /** All of it where the decoder's part is not known. */
  const ofAll = (perImage: number | null, decoder: number | null = 0): number | null =>
    perImage === null ? null : (perImage - (decoder ?? 0)) * result.n;
  const reported = result.told === "reported" && { reported: true as const };
  const network: LedgerLine = {
    ...common,
    stage: "sampling",
    kind: "sampling",
    macs: ofAll(result.macsPerImage, result.decoderMacsPerImage),
    flops: ofAll(result.flopsPerImage, result.decoderFlopsPerImage),
    parameters: result.networkParameters,
    ...(result.told === "declared" && { declared: true }),
    ...reported,
    wallSeconds: result.wallSeconds,
  };
  if (result.decoderCalls === 0) return [network];
  const decoder: LedgerLine = {
    ...common,
    stage: DECODING,
    kind: "decoding",
    macs: ofAll(result.decoderMacsPerImage),
    flops: ofAll(result.decoderFlopsPerImage),
    parameters: result.decoderParameters,
    ...reported,
    // Its time is in the sampling's.
    wallSeconds: null,
  };
  return [network, decoder];
}
