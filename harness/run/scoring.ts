/** Scoring entries, their reconstructions and the yardsticks beside them. */
import { join } from "node:path";
import { base, type Engine, type FoundEntry, type FoundPoint, type Untrained, weightsOf } from "./found.ts";
import { hashOf, probeCode, scoringCode } from "./identity.ts";
import type { ImageSet, ProbeResult, ReconstructResult, ScoreResult } from "./jobs.ts";
import { type Outcome, perform } from "./perform.ts";
import { firstSamples, NO_PICTURES, slug, writeNeighbours, writeStoredGrid } from "./pictures.ts";
import type { Plan } from "./plan.ts";
import type { PlannedStage } from "./plan-stages.ts";
import { REFERENCE_POINTS, UNTRAINED } from "./reference-points.ts";

/** Content address of the scores of a set of images, by its own. */
export const scoreKey = ({ scoreIdentity }: Pick<Plan, "scoreIdentity">, content: string): string =>
  hashOf([scoreIdentity, content]);

export async function scoreSet(
  engine: Engine,
  title: string,
  images: ImageSet,
  content: string,
  originals: ImageSet | null = null,
): Promise<Outcome<ScoreResult>> {
  const code = await scoringCode(engine.config);
  const common = base(engine, "score", scoreKey(engine.plan, content), `${title}: scoring`, code);
  const job = { ...common, kind: "score", images, originals } as const;
  return perform<ScoreResult>(engine.performer, job, { fresh: false });
}

export async function scoreEntry(engine: Engine, found: FoundEntry): Promise<FoundEntry> {
  const { planned } = found;
  if (found.failure !== null) return found;
  const folder = join(engine.cache, "sample", planned.samplesKey);
  const score = await scoreSet(
    engine,
    planned.name,
    { kind: "stored", folder, labelled: true },
    planned.samplesKey,
  );
  if (score.state === "failed") return { ...found, failure: `scoring: ${score.reason}` };
  const side = engine.plan.task.resolution;
  const nearest = await engine.dataset.train.images(score.result.neighbours);
  const shown = await firstSamples(folder, score.result.neighbours.length);
  const neighbours = await writeNeighbours(engine.folder, slug(planned.name), shown, nearest, side);
  const scored = { ...found, score: score.result, pictures: { ...found.pictures, neighbours } };
  const probed = planned.probed ? await probeEntry(engine, scored, planned.probed) : scored;
  return planned.reconstructs ? reconstructEntry(engine, probed) : probed;
}

/** Entries that share the stage share the probe. */
async function probeEntry(engine: Engine, found: FoundEntry, stage: PlannedStage): Promise<FoundEntry> {
  const code = { ...stage.code, ...probeCode() };
  const key = hashOf([stage.key, engine.dataset.identity, code, "kNN probe"]);
  const job = {
    ...base(engine, "probe", key, `${stage.entry}: kNN probe of ${stage.name}`, code),
    kind: "probe",
    model: stage.model,
    stage: stage.folder,
  } as const;
  const outcome = await perform<ProbeResult>(engine.performer, job, { fresh: false });
  return outcome.state === "done"
    ? { ...found, probe: outcome.result }
    : { ...found, failure: `kNN probe: ${outcome.reason}` };
}

async function reconstructEntry(engine: Engine, found: FoundEntry): Promise<FoundEntry> {
  const { planned } = found;
  const key = hashOf([planned.samplesKey, engine.dataset.heldOut.identity, "reconstruction"]);
  const job = {
    ...base(engine, "reconstruct", key, `${planned.name}: reconstructing held-out images`, planned.code),
    kind: "reconstruct",
    model: planned.model,
    ...weightsOf(planned),
    pretrained: [...planned.pretrained, ...planned.judges],
  } as const;
  const measured = await perform<ReconstructResult>(engine.performer, job, { fresh: true });
  if (measured.state === "failed") return { ...found, failure: `reconstruction: ${measured.reason}` };
  const score = await scoreSet(
    engine,
    `${planned.name}: reconstructions`,
    { kind: "stored", folder: job.folder, labelled: true },
    key,
    { kind: "held-out", n: measured.result.n },
  );
  if (score.state === "failed") return { ...found, failure: `scoring reconstructions: ${score.reason}` };
  const side = engine.plan.task.resolution;
  const grid = await writeStoredGrid(
    engine.folder,
    `${slug(planned.name)}-reconstructions`,
    job.folder,
    side,
  );
  return {
    ...found,
    reconstruction: { measured: measured.result, score: score.result, pictures: { ...NO_PICTURES, grid } },
  };
}

export async function scorePoints(engine: Engine, untrained: Untrained | null): Promise<FoundPoint[]> {
  const points: FoundPoint[] = [];
  for (const { name, description, images } of REFERENCE_POINTS) {
    const set = images(engine.config.samples);
    const score = await scoreSet(engine, name, set, hashOf(set));
    points.push({ name, description, ...scoreOf(score), pictures: NO_PICTURES });
  }
  if (!untrained) return points;
  const { outcome, folder, key, pictures } = untrained;
  if (outcome.state === "failed")
    return [...points, { ...UNTRAINED, score: null, failure: outcome.reason, pictures: NO_PICTURES }];
  const score = await scoreSet(engine, UNTRAINED.name, { kind: "stored", folder, labelled: true }, key);
  return [...points, { ...UNTRAINED, ...scoreOf(score), pictures }];
}

const scoreOf = (outcome: Outcome<ScoreResult>): { score: ScoreResult | null; failure: string | null } =>
  outcome.state === "done"
    ? { score: outcome.result, failure: null }
    : { score: null, failure: outcome.reason };
