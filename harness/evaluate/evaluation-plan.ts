/** What is scored, and which layers of either set that takes: known before any network runs. */
import type { Role, Settings } from "./compared.ts";
import type { Convention } from "./conventions/convention.ts";
import { requireEnough } from "./extract.ts";
import type { SampleSource } from "./inputs.ts";
import { type LayerRoles, layerRoles } from "./layer-roles.ts";
import type { AvailableExtractor } from "./open-extractor.ts";
import type { ReferenceSource } from "./reference.ts";
import { type Chosen, chooseScorers, layersRead } from "./scorers.ts";

export interface Sources {
  readonly samples: SampleSource;
  readonly reference: ReferenceSource;
}

/** What a user asked for. */
export interface Request {
  readonly convention: Convention;
  /** Names of metrics; null for the convention's usual ones. */
  readonly metrics: readonly string[] | null;
  readonly settings: Settings;
  /** The layer of feature files that is scored; null for the usual. */
  readonly layer: string | null;
}

export interface EvaluationPlan {
  readonly chosen: Chosen;
  /** Layers to read of either set, by the part they play. */
  readonly samples: LayerRoles;
  readonly reference: LayerRoles;
}

/** @throws UserError for sets too small, layers that are missing, and metrics that cannot be had of them */
export function planEvaluation(
  { convention, metrics, settings, layer }: Request,
  { samples, reference }: Sources,
  extractor: AvailableExtractor,
): EvaluationPlan {
  const sampleCount = samples.images ? samples.images.length : samples.features.n;
  const referenceCount = reference.images?.length ?? reference.features?.n ?? null;
  requireEnough({ path: (samples.images ?? samples.features).path, length: sampleCount });
  if (referenceCount !== null) requireEnough({ path: reference.path, length: referenceCount });
  const roles = {
    samples: rolesOf(samples, extractor, layer),
    reference: rolesOf(reference, extractor, layer),
  };
  const available = {
    samples: [...roles.samples.keys()],
    referenceImages: [...roles.reference.keys()],
    referenceDistributions: distributionsOf(roles.reference, reference),
    sampleCount,
    referenceCount: referenceCount ?? 0,
    labels: (samples.images ?? samples.features).labels !== null,
  };
  const chosen = chooseScorers(convention, metrics, available, settings);
  const read = layersRead(chosen.scorers, reference);
  return {
    chosen,
    // Features are what a set is told by, whatever else is read.
    samples: only(roles.samples, new Set([...read.samples, "features"])),
    reference: only(roles.reference, read.reference),
  };
}

function rolesOf(
  { images, features }: Pick<ReferenceSource, "images" | "features">,
  extractor: AvailableExtractor,
  layer: string | null,
): LayerRoles {
  if (features) {
    const name = features.extractor?.id.split("@")[0] ?? null;
    return layerRoles(features.path, [...features.layers.keys()], name, layer);
  }
  return images ? layerRoles(extractor.name, extractor.layers, extractor.name, layer) : new Map();
}

function distributionsOf(roles: LayerRoles, { statistics, spatial }: ReferenceSource): Role[] {
  const found = new Set(roles.keys());
  if (statistics) found.add("features");
  if (spatial) found.add("spatial");
  // Statistics of pooled features alone: then a Fréchet distance of spatial ones would be to something else.
  else if (statistics) found.delete("spatial");
  return [...found];
}

const only = (roles: LayerRoles, wanted: ReadonlySet<Role>): LayerRoles =>
  new Map([...roles].filter(([role]) => wanted.has(role)));
