/** What the solvers of SiT's own equations share: time runs from noise at 0 to data at 1 (Ma et al., arXiv:2401.08740). */
import type { Pixels } from "../solver.ts";

/** dx/dt of every image at a time of all, or of each: a new array, the solver's own. */
export type Velocity = (x: Pixels, t: number | Float64Array) => Promise<Pixels>;

/**
 * Takes x from noise, which it may overwrite, to latents.
 * @param size numbers of one image
 * @param noise unit normals for a step, like x
 */
export type FlowSolver = (
  velocity: Velocity,
  x: Pixels,
  size: number,
  noise: (step: number) => Pixels,
) => Promise<Pixels>;

/** x + step·d, in the place of x. */
export function advance(x: Pixels, d: Pixels, step: number): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + step * d[i]!;
}
