/** What the entries of a config cost, in the ledger's lines: counted from their programs, none of them run. */
import type { ResolvedConfig } from "../config/index.ts";
import {
  type CountedLine,
  NOT_MEASURED,
  samplingLines,
  trainingLines,
  workOfSteps,
} from "../measure/ledger.ts";
import type { Elsewhere } from "../plugin.ts";
import { drySampling } from "../run/dry-sampling.ts";
import { cacheFolder } from "../run/folder.ts";
import { openDataset, openModel, taskOf } from "../run/open.ts";
import { proposeMilestones } from "../run/plan-milestones.ts";
import { proposeResamplings } from "../run/plan-resamplings.ts";
import { type ResamplingCost, resamplingCost } from "../run/resampling-cost.ts";
import { settled } from "../run/settle.ts";
import { type StageWork, stageWork } from "../run/stage-work.ts";
import type { ToldLine } from "../run/told-lines.ts";
import { toldLinesOf } from "./told-lines.ts";

export interface TrainingLine extends CountedLine {
  /** Of the forward passes, as a part of `macs`. */
  readonly forwardMacs: number;
  /** Beside `macs`: what is computed anew for the backward pass. */
  readonly recomputedMacs: number;
  /** Of a step's memory; null where no program of ours steps. */
  readonly memory: Pick<StageWork, "stateBytes" | "peakBytes" | "recomputingPeakBytes"> | null;
}

export interface EntryCost {
  readonly name: string;
  readonly resolution: number;
  /** What was trained elsewhere, by the account of the files of weights. */
  readonly pretrained: readonly ToldLine[];
  readonly training: readonly TrainingLine[];
  /** Of encoding every image anew at every step, as DiT's own script does; null where nothing is encoded, or that is what it does. */
  readonly encodingEveryStepMacs: number | null;
  /** Of one image: the network's calls, the decoder's. */
  readonly sampling: readonly CountedLine[];
  readonly nfe: number;
  readonly decoderCalls: number;
  readonly macsPerImage: number;
  /** One call of the network, and of it attention's two products, which some published counts leave out. */
  readonly macsPerCall: number;
  readonly attentionMacsPerCall: number;
  readonly sampler: Readonly<Record<string, string | number | boolean>>;
  /** The calls are those on a network that answers 0: how many it takes, only sampling tells. */
  readonly adaptive: boolean;
  /** Rows that the config's comparison adds, their trials with them. */
  readonly resamplings: readonly ResamplingCost[];
  /** Rows of its weights on the way, each sampled as it is. */
  readonly milestones: readonly { readonly name: string; readonly sampleFlops: number }[];
}

/** An entry whose images are made elsewhere, where nothing is counted. */
export interface ElsewhereCost {
  readonly name: string;
  readonly resolution: number;
  readonly elsewhere: Elsewhere;
  readonly resamplings: readonly ResamplingCost[];
}

/** @throws UserError for whatever in the config cannot be planned */
export async function entryCosts(resolved: ResolvedConfig): Promise<(EntryCost | ElsewhereCost)[]> {
  const dataset = await openDataset(resolved, cacheFolder());
  const { config } = settled(resolved, dataset);
  const task = taskOf(config, dataset);
  const costs: (EntryCost | ElsewhereCost)[] = [];
  for (const [name, descriptor] of Object.entries(config.entries)) {
    const { model, options } = await openModel(config, descriptor, name);
    const resamplings: ResamplingCost[] = [];
    const proposed = await proposeResamplings({ config, task, name, descriptor, model, options });
    for (const row of proposed.rows) resamplings.push(await resamplingCost(config, task, name, row));
    const elsewhere = await model.elsewhere?.(options, task, config);
    if (elsewhere) {
      costs.push({ name, resolution: task.resolution, elsewhere, resamplings });
      continue;
    }
    const stages = model.stages(options, task).map((stage) => stageWork(config, dataset, name, stage));
    const training = stages.flatMap((stage) => linesOf(stage, name));
    const sampling = await drySampling(model, options, task, config);
    const { nfe, macsPerImage, flopsPerImage, decoderCalls, decoderMacsPerImage } = sampling;
    costs.push({
      name,
      resolution: task.resolution,
      pretrained: await toldLinesOf(model.pretrained?.(options) ?? [], config.baseFolder),
      training,
      encodingEveryStepMacs: encodingEveryStep(training),
      sampling: samplingLines(name, { ...sampling, ...NOT_MEASURED }, false),
      nfe,
      decoderCalls,
      macsPerImage,
      macsPerCall: (macsPerImage - decoderMacsPerImage) / nfe,
      attentionMacsPerCall: sampling.attentionMacsPerCall,
      sampler: sampling.description,
      adaptive: sampling.adaptive,
      resamplings,
      milestones: proposeMilestones(name, config.milestones, stages).rows.map((row) => ({
        name: row.name,
        sampleFlops: config.samples * flopsPerImage,
      })),
    });
  }
  return costs;
}

function linesOf(stage: StageWork, entry: string): TrainingLine[] {
  const { steps, recomputed, stateBytes, peakBytes, recomputingPeakBytes } = stage;
  const work = { ...workOfSteps(steps, stage), ...NOT_MEASURED };
  return trainingLines(stage, work, [entry], false).map((line) => ({
    ...line,
    // Encoding is forward passes and nothing else.
    forwardMacs: line.kind === "encoding" ? line.macs : steps * stage.forwardMacs,
    recomputedMacs: line.kind === "encoding" ? 0 : steps * recomputed.macs,
    memory: line.kind === "encoding" ? null : { stateBytes, peakBytes, recomputingPeakBytes },
  }));
}

/** The line after that of encoding is its stage's. null where that is done already. */
function encodingEveryStep(training: readonly TrainingLine[]): number | null {
  const at = training.findIndex(({ kind }) => kind === "encoding");
  const isDone = training.some(({ kind, steps }) => kind === "encoding" && steps !== null);
  if (at < 0 || isDone) return null;
  const [encoding, stage] = [training[at]!, training[at + 1]!];
  return (encoding.macs / encoding.images) * stage.images;
}
