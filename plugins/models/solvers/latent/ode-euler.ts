/** Euler's method on dx/dt = v(x, t), in equal steps (Ma et al., arXiv:2401.08740 eq. 2). */
import { advance, type FlowSolver } from "./flow.ts";

/** `steps` calls. The released `num_steps` counts points of time, one more. */
export const odeEuler =
  (steps: number): FlowSolver =>
  async (velocity, x) => {
    for (let i = 0; i < steps; i++) advance(x, await velocity(x, i / steps), 1 / steps);
    return x;
  };
