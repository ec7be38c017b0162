/**
 * SiT's training loss (Ma et al., arXiv:2401.08740 §2; willisma/SiT `transport/`): on the linear path from noise x0 at t = 0
 * to data x1 at t = 1, the mean square of what the network's velocity is off x1 − x0.
 */
import { add, mean, mul, reshape, slice, square, sub, type Value } from "../../../harness/program/index.ts";

/** x_t = t·x1 + (1 − t)·x0; t [N]. */
export function onPath(start: Value, noise: Value, t: Value): Value {
  const time = reshape(t, [t.shape[0]!, 1, 1, 1]);
  return add(mul(time, start), mul(sub(1, time), noise));
}

/** x1 − x0, the path's velocity. */
export const velocityOf = (start: Value, noise: Value): Value => sub(start, noise);

/**
 * Of each image, [N].
 * @param output the network's, [N, C or 2C, h, w]: what it predicts beside the velocity's C channels is dropped
 */
export function flowLoss(output: Value, start: Value, noise: Value): Value {
  const velocity = slice(output, 1, 0, start.shape[1]!);
  return mean(square(sub(velocity, velocityOf(start, noise))), [1, 2, 3]);
}
