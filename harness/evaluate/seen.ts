/** Both sets as one extractor sees them. */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Backend } from "../plugin.ts";
import type { Layers } from "./compared.ts";
import type { EvaluationPlan, Sources } from "./evaluation-plan.ts";
import { extractFeatures } from "./extract.ts";
import { type FeatureSet, openFeatureFile } from "./feature-set.ts";
import { jpegShare, refuseMixedSizes } from "./image-headers.ts";
import type { ImageSet } from "./image-set.ts";
import type { LayerRoles } from "./layer-roles.ts";
import type { AvailableExtractor, OpenedExtractor } from "./open-extractor.ts";
import type { Tool } from "./tool-listing.ts";

export interface Seen {
  readonly samples: FeatureSet;
  /** null where only statistics are known. */
  readonly reference: FeatureSet | null;
  /** Of the images and of the extractor. */
  readonly warnings: readonly string[];
}

export interface Closable {
  close(): Promise<unknown>;
}

interface Seeing {
  /** Whose rules images must keep. */
  readonly tool: Tool | undefined;
  readonly extractor: AvailableExtractor;
  readonly backend: Backend;
  /** For the features of images, which are read back as scores need them. */
  readonly folder: string;
  /** What is to be closed at last. */
  readonly closing: Closable[];
  readonly progress: {
    stage(name: string, total: number, unit: string): { update(done: number): void; done(): void };
  };
}

/** @throws UserError where images are of sizes that the tool does not take, or the two are of different extractors, or of different widths */
export async function see(
  { samples, reference }: Sources,
  plan: EvaluationPlan,
  seeing: Seeing,
): Promise<Seen> {
  const layers = new Set([
    ...(samples.images ? plan.samples.values() : []),
    ...(reference.images ? plan.reference.values() : []),
  ]);
  const sets = [samples.images, reference.images].filter((set) => set !== null);
  const warnings = await Promise.all(sets.map((set) => checkedImages(set, seeing.tool)));
  const opened = layers.size > 0 ? await seeing.extractor.open([...layers], seeing.backend) : null;
  if (opened) seeing.closing.push({ close: () => opened.extractor.dispose() });
  const ofImages = (set: ImageSet, roles: LayerRoles, name: string): Promise<FeatureSet> =>
    extracted(set, opened!, roles, join(seeing.folder, `${name}.safetensors`), seeing);
  const seen = {
    samples: samples.features ?? (await ofImages(samples.images, plan.samples, "samples")),
    reference:
      reference.features ??
      (reference.images && (await ofImages(reference.images, plan.reference, "reference"))),
  };
  requireOneExtractor(seen);
  requireOneWidth(seen, plan);
  return { ...seen, warnings: [...warnings.flat(), ...(opened?.extractor.warnings ?? [])] };
}

/** What is told of images before any is decoded. */
async function checkedImages(set: ImageSet, tool: Tool | undefined): Promise<readonly string[]> {
  if (tool) await refuseMixedSizes(set, tool);
  const share = await jpegShare(set);
  if (share === 0) return set.warnings;
  const which = share === 1 ? "all images are" : `${Math.round(100 * share)} % of the images are`;
  return [
    ...set.warnings,
    `${set.path}: ${which} JPEG, which shifts a Fréchet distance, at quality 90 by several points (docs/jpeg.md): compare PNG with PNG`,
  ];
}

async function extracted(
  set: ImageSet,
  { extractor, widths }: OpenedExtractor,
  roles: LayerRoles,
  file: string,
  { closing, progress }: Seeing,
): Promise<FeatureSet> {
  const stage = progress.stage(`features of ${set.path}`, set.length, "images");
  // An extractor of fixed layers gives all; the roles name those that are kept.
  const kept = Object.fromEntries([...roles.values()].map((layer) => [layer, widths[layer]!]));
  await extractFeatures(set, extractor, kept, file, (done) => stage.update(done));
  stage.done();
  const features = await openFeatureFile(file, set.path);
  closing.push(features);
  return features;
}

function requireOneExtractor({ samples, reference }: Pick<Seen, "samples" | "reference">): void {
  const [a, b] = [samples.extractor, reference?.extractor];
  if (a && b && a.id !== b.id)
    throw new UserError(
      `${samples.path} has features of ${a.id} (${a.preparation}), ${reference!.path} of ${b.id} (${b.preparation})`,
      "extract both with the same weights and the same --as",
    );
}

function requireOneWidth(
  { samples, reference }: Pick<Seen, "samples" | "reference">,
  plan: EvaluationPlan,
): void {
  if (!reference) return;
  const theirs = layersOf(reference, plan.reference);
  for (const [role, table] of Object.entries(layersOf(samples, plan.samples))) {
    const other = theirs[role as keyof Layers];
    if (other && other.cols !== table.cols)
      throw new UserError(
        `${samples.path} has ${role} of ${table.cols} dimensions, ${reference.path} of ${other.cols}`,
        "name the same layer of one extractor for both",
      );
  }
}

/** A set's layers by the part they play. */
export const layersOf = ({ layers }: FeatureSet, roles: LayerRoles): Layers =>
  Object.fromEntries([...roles].map(([role, name]) => [role, layers.get(name)!]));

/** The name metrics carry: a layer that is not the extractor's usual one is told with it. */
export function extractorName({ extractor }: FeatureSet, { samples }: EvaluationPlan): string | null {
  if (!extractor) return null;
  const name = extractor.id.split("@")[0]!;
  const layer = samples.get("features")!;
  return layer === "2048" || layer === "features" ? name : `${name}-${layer}`;
}
