/** The hypotheses of docs/claims.md, each as a quantity a seed that is positive where it holds. */
import type { ArmName } from "./arms.ts";
import { type CurvePoint, type EqualFd, toEqualFd } from "./decide.ts";
import type { Point, Study } from "./study.ts";

interface Hypothesis {
  readonly id: string;
  readonly claim: string;
  /** What δ is. */
  readonly quantity: string;
  readonly delta: (points: readonly Point[], seed: number) => number | null;
}

const BASE: ArmName = "pre-trained";
const RIVAL: ArmName = "VAE + DiT";

const fdDifference = (id: string, claim: string, arm: ArmName, from: ArmName = BASE): Hypothesis => ({
  id,
  claim,
  quantity: `FD of "${arm}" − FD of "${from}"`,
  delta: (points, seed) => {
    const [value, base] = [fdOf(points, arm, seed), fdOf(points, from, seed)];
    return value === null || base === null ? null : value - base;
  },
});

export const HYPOTHESES: readonly Hypothesis[] = [
  fdDifference("H1", "Pre-training helps at equal fine-tuning steps.", "scratch, equal steps"),
  fdDifference("H2", "Pre-training helps at equal total FLOPs.", "scratch, equal FLOPs"),
  fdDifference("H3", "The annealed temperature beats a constant one.", "constant temperature"),
  fdDifference("H4", "One step is worse than many, at equal training FLOPs.", "one step"),
  {
    id: "H5",
    claim: "EPG reaches an equal FD with fewer training FLOPs than VAE + DiT.",
    quantity: `ln(FLOPs of "${RIVAL}" / FLOPs of "${BASE}")`,
    delta: (points, seed) => equalFdOf(points, seed)?.logRatio ?? null,
  },
];

/** Without a verdict. */
export const BESIDE: readonly Hypothesis[] = [
  fdDifference("", "Interpolated against constant.", "constant temperature", "interpolated temperature"),
  fdDifference("", "VAE + DiT against EPG at equal total FLOPs.", RIVAL),
];

/** How "pre-trained" (a) and "VAE + DiT" (b) come to an equal FD on a seed; null where a point is missing. */
export function equalFdOf(points: readonly Point[], seed: number): EqualFd | null {
  const [a, b] = [curveOf(points, BASE, seed), curveOf(points, RIVAL, seed)];
  return a === null || b === null ? null : toEqualFd(a, b);
}

/** By rising FLOPs; null where a point is missing. */
function curveOf(points: readonly Point[], arm: ArmName, seed: number): CurvePoint[] | null {
  const own = points.filter((point) => point.arm === arm && point.seed === seed);
  if (own.some(({ fd, trainFlops }) => fd === null || trainFlops === null)) return null;
  return own
    .map(({ fd, trainFlops }) => ({ fd: fd!, flops: trainFlops! }))
    .sort((one, other) => one.flops - other.flops);
}

const fdOf = (points: readonly Point[], arm: ArmName, seed: number): number | null =>
  points.find((point) => point.arm === arm && point.seed === seed && point.divisor === 1)?.fd ?? null;

export const seedsOf = ({ settings }: Study): number[] =>
  Array.from({ length: settings.seeds }, (_, k) => k + 1);

/** An arm's points of a part of the budget, in the order of the seeds. */
export const pointsAt = (points: readonly Point[], arm: ArmName, divisor: number): Point[] =>
  points
    .filter((point) => point.arm === arm && point.divisor === divisor)
    .sort((one, other) => one.seed - other.seed);
