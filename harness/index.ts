/** The public API: what configs and plugins import from `epg-bench`. */

export { z } from "zod";
export { onnxruntime, openvino, tfjs, torch } from "../plugins/backends/factories.ts";
export { announced, imageFolder, npz, shapes } from "../plugins/datasets/factories.ts";
export { inception } from "../plugins/features/factories.ts";
export {
  ancestralEuler,
  autoguidance,
  autoguidanceReleased,
  command,
  ddim,
  ddpm,
  dopri5,
  dpmSolver,
  edmStochastic,
  epg,
  euler,
  eulerReleased,
  eulerSde,
  heun,
  heunReleased,
  latent,
  odeEuler,
  odeHeun,
  oneStep,
  onnx,
  samples,
  sde,
  sit,
} from "../plugins/models/factories.ts";
export { defineConfig } from "./config/define.ts";
export type { Config } from "./config/schema.ts";
export { shippedEntries } from "./config/shipped.ts";
export { UserError } from "./errors.ts";
export type * from "./plugin.ts";
export * as program from "./program/index.ts";
export { createStream, type Stream } from "./random/index.ts";
export { type Result, resultJsonSchema, resultSchema } from "./result.ts";
