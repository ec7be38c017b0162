/** The decision rule of docs/claims.md: paired differences over seeds, and FLOPs to an equal FD. */
import { interval, meanOfRepetitions } from "../../harness/gate/estimate.ts";

/** A finished model of some budget. */
export interface CurvePoint {
  readonly flops: number;
  readonly fd: number;
}

/** FLOPs from which on a curve is at an FD or below. */
export interface Reached {
  readonly flops: number;
  /** The curve's first point is there already: it took these FLOPs or fewer. */
  readonly isBound: boolean;
}

export interface Judged {
  readonly mean: number;
  /** Student's 95 % interval over the seeds. */
  readonly interval: readonly [number, number];
}

export type Verdict = "supported" | "contradicted" | "not decided";

/** The mean of values, one a seed; null where one is missing or there is but one. */
export function judged(values: readonly (number | null)[]): Judged | null {
  const known = values.filter((value) => value !== null);
  if (known.length < Math.max(2, values.length)) return null;
  const estimate = meanOfRepetitions(known);
  return { mean: estimate.value, interval: interval(estimate) };
}

/** By the interval alone, of a quantity that is positive where the hypothesis holds. */
export function verdictOf(found: Judged | null): Verdict {
  if (found === null) return "not decided";
  const [low, high] = found.interval;
  if (low > 0) return "supported";
  return high < 0 ? "contradicted" : "not decided";
}

/**
 * FLOPs from which on a curve stays at an FD or below, interpolated linearly in FD over the logarithm of the FLOPs.
 * @param curve by rising FLOPs
 * @returns null where it ends above
 */
export function flopsToReach(curve: readonly CurvePoint[], fd: number): Reached | null {
  const last = curve.findLastIndex((point) => point.fd > fd);
  const [before, at] = [curve[last], curve[last + 1]];
  if (at === undefined) return null;
  if (before === undefined) return { flops: at.flops, isBound: true };
  const part = (before.fd - fd) / (before.fd - at.fd);
  return { flops: before.flops * (at.flops / before.flops) ** part, isBound: false };
}

export interface EqualFd {
  /** What the worse of the two ends with. */
  readonly fd: number;
  readonly a: Reached;
  readonly b: Reached;
  /** ln(FLOPs of b / FLOPs of a); null where both are bounds, so that even its sign is not known. */
  readonly logRatio: number | null;
}

/** FLOPs that two curves take to the FD that the worse of them ends with; null for an empty curve. */
export function toEqualFd(a: readonly CurvePoint[], b: readonly CurvePoint[]): EqualFd | null {
  const [lastA, lastB] = [a.at(-1), b.at(-1)];
  if (lastA === undefined || lastB === undefined) return null;
  const fd = Math.max(lastA.fd, lastB.fd);
  // Each curve ends at most there: both reach it.
  const reached = { a: flopsToReach(a, fd)!, b: flopsToReach(b, fd)! };
  const known = !(reached.a.isBound && reached.b.isBound);
  return { fd, ...reached, logRatio: known ? Math.log(reached.b.flops / reached.a.flops) : null };
}
