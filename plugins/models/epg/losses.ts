/** The three training losses of EPG as functions of values, so that programs and tests share them. */
import {
  add,
  concat,
  div,
  mean,
  mul,
  type Operand,
  reshape,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tracer,
  type Value,
} from "../../../harness/program/index.ts";
import { noiseContrast } from "./contrastive.ts";
import { addNoise, denoise, type Level, perImage, scaleInput, type Target } from "./denoising.ts";
import { type BatchStatistics, type ProjectorShape, project } from "./layers.ts";
import { type NetworkShape, representation } from "./network.ts";

export interface DenoisingBatch {
  /** Normalised images and unit noise, [batch, 3, H, H]. */
  readonly x0: Value;
  readonly noise: Value;
  readonly level: Level;
  /** Labels after dropout, int32 [batch]. */
  readonly labels: Value;
}

/** mean(w·(denoised − x_0)²), x0 target. `weight` [batch]. */
export function denoisingLoss(
  p: Tracer,
  shape: NetworkShape,
  { x0, noise, level, labels }: DenoisingBatch,
  weight: Value,
): { readonly denoised: Value; readonly loss: Value } {
  const denoised = denoise(p, shape, "x0", addNoise(x0, noise, level.sigma), level, labels);
  return { denoised, loss: mean(mul(square(sub(denoised, x0)), perImage(weight))) };
}

export interface PretrainingBatch {
  /** Normalised, [batch, 3, H, H]: the clean image, its two views, unit noise shared by all four noisy inputs. */
  readonly clean: Value;
  readonly view1: Value;
  readonly view2: Value;
  readonly noise: Value;
  /** σ_t, σ_t' (the next level) and σ_0 (the last): each [batch], shifted. */
  readonly level: Level;
  readonly nextLevel: Level;
  readonly lastLevel: Level;
  readonly temperature: Operand;
}

export interface PretrainingLoss {
  /** L_c and L_r a row. */
  readonly contrastive: Value;
  readonly consistency: Value;
  readonly loss: Value;
  /** Of the online projector, over a, b, u and v in turn: as released, all four pass through it. */
  readonly statistics: readonly BatchStatistics[];
}

const CONTRASTIVE_TEMPERATURE = 0.2;

/** Of several batches one, whose image k comes next to the others' image k: so ranks can cut it as they cut each. */
function sideBySide(batches: readonly Value[]): Value {
  const [n, ...rest] = batches[0]!.shape as readonly [number, ...number[]];
  const columns = batches.map((batch) => reshape(batch, [n, 1, ...rest]));
  return reshape(concat(columns, 1), [n * batches.length, ...rest]);
}

/**
 * mean(L_c + L_r). Networks of equal weights run as one batch: the online one over a, b and u together,
 * v apart because no gradient enters it.
 * @param target a tracer whose parameters are those of θ⁻, not trainable
 */
export function pretrainingLoss(
  p: Tracer,
  target: Tracer,
  shape: NetworkShape,
  projector: ProjectorShape,
  targetBatchNorm: "running" | "batch",
  batch: PretrainingBatch,
): PretrainingLoss {
  const n = batch.clean.shape[0]!;
  const encode = (
    tracer: Tracer,
    inputs: readonly { readonly image: Value; readonly level: Level }[],
  ): readonly Value[] => {
    const noisy = inputs.map(({ image, level: { sigma } }) =>
      scaleInput(addNoise(image, batch.noise, sigma), sigma),
    );
    const times = inputs.map(({ level: { time } }) => time);
    const z = representation(tracer, shape, sideBySide(noisy), sideBySide(times));
    const each = reshape(z, [n, inputs.length, shape.width]);
    return inputs.map((_, i) => reshape(slice(each, 1, i, i + 1), [n, shape.width]));
  };
  const views = [batch.view1, batch.view2].map((image) => ({ image, level: batch.lastLevel }));
  const [a, b, u] = encode(p, [...views, { image: batch.clean, level: batch.level }]);
  const [v] = encode(p, [{ image: batch.clean, level: batch.nextLevel }]);
  const online = [a!, b!, u!, v!].map((z) => project(p, projector, z, "batch"));
  const targets = encode(target, views).map((z) => project(target, projector, z, targetBatchNorm));

  const contrast = (i: number, j: number): Value =>
    noiseContrast(online[i]!.output, stopGradient(targets[j]!.output), CONTRASTIVE_TEMPERATURE);
  const contrastive = add(contrast(0, 1), contrast(1, 0));
  const consistency = noiseContrast(u!, stopGradient(v!), batch.temperature);
  return {
    contrastive,
    consistency,
    loss: mean(add(contrastive, consistency)),
    statistics: online.map(({ statistics }) => statistics),
  };
}

export interface ConsistencyBatch extends Omit<DenoisingBatch, "level"> {
  readonly from: Level;
  readonly to: Level;
  /** 1/(t − r), shifted; 0 where equal: [batch]. */
  readonly weight: Value;
  /** 1, or 0 in stage 0, where the target is x_0 and the contrastive term is off: scalar. */
  readonly teaching: Operand;
  /** Masks for both points, as `network` takes them. */
  readonly dropout?: Value;
}

/** The pre-trained encoder and projector of the auxiliary term, frozen, and the level it looks at. */
export interface Judge {
  readonly p: Tracer;
  readonly shape: NetworkShape;
  readonly projector: ProjectorShape;
  readonly level: Level;
}

export interface ConsistencyLoss {
  readonly denoised: Value;
  readonly target: Value;
  /** q/√(stop-grad(q) + c²)/(t − r) an image. */
  readonly distance: Value;
  /** NCE(p(D_t), p(x_0); .1) an image; null without a pre-trained encoder. */
  readonly contrastive: Value | null;
  readonly loss: Value;
}

const JUDGE_TEMPERATURE = 0.1;
const TARGET: Target = "edm";

/**
 * Consistency tuning: the student at t follows the teacher at r, with the same noise and the same dropout.
 * The distance is adaptively weighted: twice the gradient of the pseudo-Huber √(q + c²) − c, another value.
 * @param teacher a tracer over θ⁻; its output carries no gradient
 */
export function consistencyLoss(
  p: Tracer,
  teacher: Tracer,
  shape: NetworkShape,
  judge: Judge | null,
  c: number,
  { x0, noise, labels, from, to, weight, teaching, dropout }: ConsistencyBatch,
): ConsistencyLoss {
  const at = (tracer: Tracer, level: Level): Value =>
    denoise(tracer, shape, TARGET, addNoise(x0, noise, level.sigma), level, labels, dropout);
  const denoised = at(p, from);
  const taught = stopGradient(at(teacher, to));
  const target = add(x0, mul(sub(taught, x0), teaching));

  const q = sum(square(sub(denoised, target)), [1, 2, 3]);
  const distance = mul(div(q, sqrt(add(stopGradient(q), c * c))), weight);
  if (!judge) return { denoised, target, distance, contrastive: null, loss: mean(distance) };

  const project0 = (image: Value): Value => {
    const z = representation(judge.p, judge.shape, scaleInput(image, judge.level.sigma), judge.level.time);
    return project(judge.p, judge.projector, z, "running").output;
  };
  const contrastive = noiseContrast(project0(denoised), stopGradient(project0(x0)), JUDGE_TEMPERATURE);
  return {
    denoised,
    target,
    distance,
    contrastive,
    loss: mean(add(distance, mul(contrastive, teaching))),
  };
}
