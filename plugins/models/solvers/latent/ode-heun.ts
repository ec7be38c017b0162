/** Heun's method on dx/dt = v(x, t), in equal steps: the released `heun2` (Ma et al., arXiv:2401.08740, appendix). */
import { advance, type FlowSolver } from "./flow.ts";

/** 2·steps calls. The released `num_steps` counts points of time, one more than the steps. */
export const odeHeun =
  (steps: number): FlowSolver =>
  async (velocity, x) => {
    const step = 1 / steps;
    for (let i = 0; i < steps; i++) {
      const first = await velocity(x, i * step);
      advance(x, first, step);
      const second = await velocity(x, (i + 1) * step);
      // x + step·(first + second)/2, from x + step·first.
      for (let k = 0; k < x.length; k++) x[k] = x[k]! + (step / 2) * (second[k]! - first[k]!);
    }
    return x;
  };
