/**
 * SiT's reverse SDE, dx = (v + w·s) dt + √(2w) dW with w = 1 − t (Ma et al., arXiv:2401.08740 eq. 4; the released forms
 * "sigma" and "linear", which are one on the linear path). The score is the velocity's: s = (t·v − x)/(1 − t) (eq. 9), so
 * that the drift is (1 + t)·v − x and one call gives both; the released code calls the network for each.
 */
import type { Pixels } from "../solver.ts";
import { advance, type FlowSolver, type Velocity } from "./flow.ts";

/** What is left for the last step, in which no noise is added: the stride of 25 steps, as released. */
const LAST_STEP = 0.04;

export interface SdeSettings {
  /** Points of time, as released: one step fewer between 0 and 1 − .04, then the last. */
  readonly steps: number;
  readonly method: "euler" | "heun";
  /** Of the last step: "mean", along the SDE's drift; "euler", along the velocity. */
  readonly last: "mean" | "euler";
}

/** Calls: `steps` by Euler and Maruyama's method, 2·steps − 1 by Heun's. */
export const sde = ({ steps, method, last }: SdeSettings): FlowSolver => {
  const stride = (1 - LAST_STEP) / (steps - 1);
  const step = method === "heun" ? heunStep : eulerStep;
  return async (velocity, x, _, noise) => {
    for (let i = 0; i + 1 < steps; i++) await step(velocity, x, i * stride, stride, noise(i));
    const final = last === "mean" ? drift : velocityAlone;
    advance(x, await final(velocity, x, 1 - LAST_STEP), LAST_STEP);
    return x;
  };
};

/** What the released code would have called: drift and score apart. */
export const releasedSdeCalls = ({ steps, method, last }: SdeSettings): number =>
  2 * (steps - 1) * (method === "heun" ? 2 : 1) + (last === "mean" ? 2 : 1);

const velocityAlone = (velocity: Velocity, x: Pixels, t: number): Promise<Pixels> => velocity(x, t);

/** v + w·s */
async function drift(velocity: Velocity, x: Pixels, t: number): Promise<Pixels> {
  const v = await velocity(x, t);
  for (let i = 0; i < v.length; i++) v[i] = (1 + t) * v[i]! - x[i]!;
  return v;
}

type Step = (velocity: Velocity, x: Pixels, t: number, step: number, noise: Pixels) => Promise<void>;

const deviation = (t: number, step: number): number => Math.sqrt(2 * (1 - t) * step);

/** Euler and Maruyama's: the drift where x is, then the noise. */
const eulerStep: Step = async (velocity, x, t, step, noise) => {
  advance(x, await drift(velocity, x, t), step);
  advance(x, noise, deviation(t, step));
};

/** The noise first, then Heun's step along the drift. */
const heunStep: Step = async (velocity, x, t, step, noise) => {
  advance(x, noise, deviation(t, step));
  const first = await drift(velocity, x, t);
  advance(x, first, step);
  const second = await drift(velocity, x, t + step);
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + (step / 2) * (second[i]! - first[i]!);
};
