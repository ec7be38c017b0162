/** Both sets as one extractor sees them. */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Backend } from "../plugin.ts";
import { isLocal, type KnownReference } from "../references/known.ts";
import type { Layers, Role } from "./compared.ts";
import type { EvaluationPlan, Sources } from "./evaluation-plan.ts";
import { extractFeatures, type Stages } from "./extract.ts";
import { type FeatureSet, openFeatureFile } from "./feature-set.ts";
import { jpegShare, refuseMixedSizes } from "./image-headers.ts";
import type { ImageSet } from "./image-set.ts";
import type { LayerRoles } from "./layer-roles.ts";
import type { AvailableExtractor, OpenedExtractor } from "./open-extractor.ts";
import type { ReferenceSource } from "./reference.ts";
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
  readonly progress: Stages;
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
  requireFit(
    samples.images
      ? ofExtractor(opened!, samples.images.path, plan.samples)
      : ofFile(samples.features, plan.samples),
    { reference, roles: plan.reference, opened },
  );
  const ofImages = (set: ImageSet, roles: LayerRoles, name: string): Promise<FeatureSet> =>
    extracted(set, opened!, roles, join(seeing.folder, `${name}.safetensors`), seeing);
  const seen = {
    samples: samples.features ?? (await ofImages(samples.images, plan.samples, "samples")),
    reference:
      reference.features ??
      (reference.images && plan.reference.size > 0
        ? await ofImages(reference.images, plan.reference, "reference")
        : null),
  };
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
  opened: OpenedExtractor,
  roles: LayerRoles,
  file: string,
  seeing: Seeing,
): Promise<FeatureSet> {
  await extractFeatures(set, opened, [...new Set(roles.values())], file, seeing);
  const features = await openFeatureFile(file, set.path);
  seeing.closing.push(features);
  return features;
}

/** A set as its extractor would see it, or has seen it. */
interface Sight {
  readonly path: string;
  /** null: not known. */
  readonly extractor: { readonly id: string; readonly preparation: string } | null;
  /** Numbers an image, by the part a layer plays. */
  readonly widths: ReadonlyMap<Role, number>;
}

const ofExtractor = ({ extractor, widths }: OpenedExtractor, path: string, roles: LayerRoles): Sight => ({
  path,
  extractor: { id: extractor.id, preparation: extractor.description },
  widths: new Map([...roles].map(([role, layer]) => [role, widths[layer]!])),
});

const ofFile = ({ path, extractor, layers }: FeatureSet, roles: LayerRoles): Sight => ({
  path,
  extractor,
  widths: new Map([...roles].map(([role, layer]) => [role, layers.get(layer)!.cols])),
});

interface Against {
  readonly reference: ReferenceSource;
  readonly roles: LayerRoles;
  readonly opened: OpenedExtractor | null;
}

/** null where the reference's images are not looked at, or there are none. */
function sightOf(
  { features, images, path }: ReferenceSource,
  roles: LayerRoles,
  opened: OpenedExtractor | null,
): Sight | null {
  if (features) return ofFile(features, roles);
  return images && opened && roles.size > 0 ? ofExtractor(opened, path, roles) : null;
}

/** Before hours of work, not after them. */
function requireFit(samples: Sight, { reference, roles, opened }: Against): void {
  const { path, statistics, spatial, entry } = reference;
  const other = sightOf(reference, roles, opened);
  if (other) {
    requireOneExtractor(samples, other);
    for (const [role, width] of other.widths) requireWidth(samples, role, width, path);
  }
  if (statistics) requireWidth(samples, "features", statistics.mean.length, `the file of statistics ${path}`);
  if (spatial) requireWidth(samples, "spatial", spatial.mean.length, `the file of statistics ${path}`);
  if (entry) requireExtractorOf(entry, samples);
}

function requireOneExtractor({ path, extractor }: Sight, other: Sight): void {
  if (extractor && other.extractor && extractor.id !== other.extractor.id)
    throw new UserError(
      `${path} has features of ${extractor.id} (${extractor.preparation}), ${other.path} of ${other.extractor.id} (${other.extractor.preparation})`,
      "extract both with the same weights and the same --as",
    );
}

function requireWidth({ path, extractor, widths }: Sight, role: Role, width: number, other: string): void {
  const ours = widths.get(role);
  if (ours !== undefined && ours !== width)
    throw new UserError(
      `${other} has ${role} of ${width} dimensions, and ${extractor?.id.split("@")[0] ?? path} has ${ours}`,
      "name the network they were made with by --features, or the same layer of one extractor for both",
    );
}

/** A reference made here knows its extractor to the bit, a published one by name. */
function requireExtractorOf(entry: KnownReference, { path, extractor }: Sight): void {
  if (!extractor) return;
  const made = isLocal(entry) ? entry.made.extractorId : null;
  if (made === null ? entry.extractor === extractor.id.split("@")[0] : made === extractor.id) return;
  throw new UserError(
    `${path} is seen by ${extractor.id} (${extractor.preparation}), and the reference ${entry.name} is of ${made ?? entry.extractor}`,
    "score with the weights and the --as that the reference was made with, or make it again",
  );
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
