/** What a reader of an evaluation should know beside its numbers. */
import { type EvaluatedSet, preparedAlike, referenceWarnings } from "../references/warnings.ts";
import type { Evaluation } from "./evaluate.ts";
import { type Evaluated, labelRule } from "./evaluation-result.ts";
import type { FeatureSet } from "./feature-set.ts";

export function evaluationWarnings(evaluation: Evaluation, evaluated: Evaluated): string[] {
  const { convention } = evaluation;
  const { plan, seen, reference } = evaluated;
  return [
    ...seen.warnings,
    ...plan.chosen.warnings,
    ...(reference.entry ? referenceWarnings(reference.entry, setOf(evaluation, seen.samples)) : []),
    ...unknownNetworks(evaluated),
    ...preparedOtherwise(evaluation, seen.samples),
    ...sameContent(seen.samples, seen.reference),
    ...tooFew(evaluated),
    ...sizes(seen.samples, seen.reference),
    ...(convention.warnings?.(seen.samples.n) ?? []),
  ];
}

const setOf = ({ convention }: Evaluation, { n, size, labels, extractor }: FeatureSet): EvaluatedSet => {
  const [width, height] = (size ?? "").split("x").map(Number);
  return {
    n,
    resolution: width && width === height ? width : null,
    // Ours prepares images as ADM does; features tell whose preparation theirs is.
    convention: extractor?.tool ?? convention.tool ?? "adm",
    labels: labelRule(labels),
  };
};

function unknownNetworks({ seen, reference }: Evaluated): string[] {
  const warnings: string[] = [];
  const known = seen.samples.extractor;
  if (reference.statistics && !reference.entry)
    warnings.push(
      `${reference.path} does not say which network its statistics are of: they are taken to be of ${known ? `${known.id.split("@")[0]}, prepared as here` : "the samples' own"}`,
    );
  for (const set of [seen.samples, seen.reference])
    if (set && !set.extractor)
      warnings.push(
        `${set.path} does not say which network its features are of, nor how images were prepared`,
      );
  return warnings;
}

function preparedOtherwise({ convention }: Evaluation, { path, extractor }: FeatureSet): string[] {
  const tool = extractor?.tool ?? null;
  if (tool === null || convention.tool === null || preparedAlike(tool, convention.tool)) return [];
  return [
    `${path} holds features of images prepared as ${tool} does, not as ${convention.tool}: the value is not ${convention.tool}'s`,
  ];
}

function sameContent(samples: FeatureSet, reference: FeatureSet | null): string[] {
  return reference?.content === samples.content
    ? ["the two sets hold the same pixels in the same order: the distances are of a set to itself"]
    : [];
}

function tooFew({ plan, seen, reference }: Evaluated): string[] {
  const dims = seen.samples.layers.get(plan.samples.get("features")!)!.cols;
  const counted = seen.reference && !reference.statistics ? seen.reference.n : Infinity;
  const fewest = Math.min(seen.samples.n, counted);
  if (fewest > dims) return [];
  return [
    `${fewest} images are not more than the ${dims} dimensions: much of the Fréchet distance is then the bias of a small set, so compare it between sets of equal n alone, or read KID`,
  ];
}

function sizes(samples: FeatureSet, reference: FeatureSet | null): string[] {
  if (!reference || !samples.size || !reference.size) return [];
  if (samples.size === reference.size && samples.size !== SEVERAL) return [];
  return [
    `images of ${samples.size} against a reference of ${reference.size}: how they were resized is part of the distance`,
  ];
}

const SEVERAL = "several sizes";
