/** Two sets of images to a result of one entry: what the first scores against the second. */
import type { StoredStatistics } from "../formats/statistics.ts";
import { matrix, product } from "../linear-algebra/index.ts";
import { jackknifeGroups, type Statistics } from "../metrics/index.ts";
import type { Backend } from "../plugin.ts";
import type { Result } from "../result.ts";
import { type Compared, makeReference } from "./compared.ts";
import { type EvaluationPlan, planEvaluation, type Request } from "./evaluation-plan.ts";
import { evaluationResult } from "./evaluation-result.ts";
import type { Stages } from "./extract.ts";
import { chosenImages, type FeatureSet } from "./feature-set.ts";
import { openSamples } from "./inputs.ts";
import { type ExtractorChoice, findExtractor, openBackend } from "./open-extractor.ts";
import { openReference, type ReferenceSource } from "./reference.ts";
import { type Family, metricIds, type Score, scoreOf } from "./score.ts";
import { foundBy } from "./scorers.ts";
import { type Closable, extractorName, layersOf, type Seen, see } from "./seen.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface Evaluation extends Request {
  /** Images (a folder, an archive), or a file of features. */
  readonly samples: string;
  /** The same, or a file of statistics. */
  readonly reference: string;
  readonly extractor: ExtractorChoice;
  readonly command: string;
  readonly progress: Stages;
}

/** @throws UserError for sets that cannot be read or compared */
export async function evaluate(evaluation: Evaluation): Promise<Result> {
  const startedAt = new Date();
  const closing: Closable[] = [];
  try {
    const folder = await temporaryFolder();
    closing.push(folder);
    const tool = evaluation.convention.tool ?? undefined;
    const samples = await openSamples(evaluation.samples, tool);
    closing.push(samples.images ?? samples.features);
    const reference = await openReference(evaluation.reference, tool);
    for (const set of [reference.images, reference.features]) if (set) closing.push(set);
    const sources = { samples, reference };
    const extractor = await findExtractor(evaluation.extractor);
    const plan = planEvaluation(evaluation, sources, extractor);
    const backend = await openBackend(evaluation.extractor.threads);
    const { progress } = evaluation;
    const all = await see(sources, plan, {
      tool,
      extractor,
      backend,
      folder: folder.path,
      closing,
      progress,
    });
    const seen = {
      ...all,
      samples: chosenBy(evaluation, all.samples),
      reference:
        all.reference && evaluation.convention.choosesReference
          ? chosenBy(evaluation, all.reference)
          : all.reference,
    };
    const scores = await scoresOf(evaluation, plan, seen, reference, backend);
    return await evaluationResult(evaluation, { plan, seen, reference, backend, scores, startedAt });
  } finally {
    for (const one of closing.reverse()) await one.close();
  }
}

/** Some tools score a number of images of their own. */
function chosenBy({ convention, settings }: Evaluation, samples: FeatureSet): FeatureSet {
  const indices = convention.choice?.(samples.n, settings.seed) ?? null;
  return indices ? chosenImages(samples, indices) : samples;
}

async function scoresOf(
  { settings, progress }: Evaluation,
  plan: EvaluationPlan,
  seen: Seen,
  reference: ReferenceSource,
  backend: Backend,
): Promise<Score[]> {
  const layers = layersOf(seen.samples, plan.samples);
  const features = layers.features!;
  const names = { extractor: extractorName(seen.samples, plan), suffix: "" };
  const plain = { extractor: seen.samples.extractor?.id.split("@")[0] ?? null, suffix: "" };
  const compared: Compared = {
    samples: { ...layers, features },
    reference: makeReference({
      ...names,
      multiply: backend.product ?? product,
      classesMatch: null,
      layers: seen.reference ? layersOf(seen.reference, plan.reference) : {},
      statistics: {
        ...(reference.statistics ? { features: statisticsOf(reference.statistics) } : {}),
        ...(reference.spatial ? { spatial: statisticsOf(reference.spatial) } : {}),
      },
    }),
    groups: jackknifeGroups(seen.samples.labels ?? new Int32Array(seen.samples.n)),
    labels: seen.samples.labels,
    settings,
  };
  const stage = progress.stage("scores", plan.chosen.scorers.length, "scores");
  const found = await foundBy(plan.chosen, compared, (done) => stage.update(done));
  stage.done();
  // --layer chooses the features; logits and spatial features are what they are.
  const idOf = (family: Family) => metricIds(family === "is" || family === "sfid" ? plain : names);
  return found.map((one) => scoreOf(one, seen.samples.n, idOf(one.family)));
}

const statisticsOf = ({ mean, covariance }: StoredStatistics): Statistics => ({
  mean,
  covariance: matrix(mean.length, mean.length, covariance),
});
