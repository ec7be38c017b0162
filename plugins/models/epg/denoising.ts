/** Preconditioned denoising (EDM, arXiv:2206.00364, with EPG's targets). */
import {
  add,
  broadcastTo,
  constant,
  div,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  type Tracer,
  type Value,
} from "../../../harness/program/index.ts";
import { SIGMA_MIN } from "../solvers/levels.ts";
import { type NetworkShape, network } from "./network.ts";
import { resolutionShift, SIGMA_DATA, timeOf } from "./schedules.ts";

/** What the network's output means: "x0", the clean image; "edm", c_skip·x + c_out·output is. */
export type Target = "x0" | "edm";

/** A noise level as a program takes it: shifted σ [batch] and t = 250·ln σ [batch], which the host has more digits of. */
export interface Level {
  readonly sigma: Value;
  readonly time: Value;
}

/** The level of clean images: σ_min, shifted. */
export function cleanLevel(resolution: number, batch: number): Level {
  const sigma = SIGMA_MIN * resolutionShift(resolution);
  return {
    sigma: broadcastTo(constant(sigma), [batch]),
    time: broadcastTo(constant(timeOf(sigma)), [batch]),
  };
}

/** A number an image, laid over images. */
export const perImage = (x: Value): Value => reshape(x, [x.shape[0]!, 1, 1, 1]);

/** x_0 + σ·ε */
export const addNoise = (x0: Value, noise: Value, sigma: Value): Value =>
  add(x0, mul(noise, perImage(sigma)));

/** c_in·x, c_in = 1/√(σ² + σ_data²) */
export const scaleInput = (x: Value, sigma: Value): Value =>
  mul(x, perImage(div(1, sqrt(add(square(sigma), SIGMA_DATA ** 2)))));

/** The clean image the network sees in x [batch, 3, H, H] at a noise level, for labels y (int32 [batch]). */
export function denoise(
  p: Tracer,
  shape: NetworkShape,
  target: Target,
  x: Value,
  { sigma, time }: Level,
  y: Value,
  dropout?: Value,
): Value {
  const output = network(p, shape, scaleInput(x, sigma), time, y, dropout);
  if (target === "x0") return output;
  const above = sub(sigma, SIGMA_MIN * resolutionShift(shape.resolution));
  const skip = div(SIGMA_DATA ** 2, add(square(above), SIGMA_DATA ** 2));
  const out = div(mul(above, SIGMA_DATA), sqrt(add(square(sigma), SIGMA_DATA ** 2)));
  return add(mul(x, perImage(skip)), mul(output, perImage(out)));
}
