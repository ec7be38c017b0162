/** Reading the pre-trained encoder: its representation of clean images. */
import type { Encoder, EncoderProbe, Task } from "../../../harness/plugin.ts";
import { type Program, trace } from "../../../harness/program/index.ts";
import { floats } from "./batches.ts";
import { cleanLevel, scaleInput } from "./denoising.ts";
import { channelScales, type Normalisation, normalise } from "./images.ts";
import { type NetworkShape, representation } from "./network.ts";
import type { EpgOptions } from "./options.ts";
import { PRETRAINING } from "./pretraining.ts";
import { recipeFor } from "./recipes.ts";
import { networkShape } from "./sizes.ts";

/** null where the options pre-train no encoder. */
export function encoderProbe(options: EpgOptions, task: Task, batchSize: number): EncoderProbe | null {
  const { pretraining, size } = options;
  if (pretraining.share === 0) return null;
  const shape = networkShape(size, task);
  const { normalisation } = recipeFor(options);
  return {
    stage: PRETRAINING,
    convention: `${pretraining.weights} weights, z = norm(x)[:, 0] before the projector, clean images without noise at time σ_min·H/64`,
    batchSize,
    dims: shape.width,
    async open(weights, runtime): Promise<Encoder> {
      const network = await runtime.compile(encoderProgram(shape, batchSize), weights, "encoder");
      return {
        async encode(images) {
          const { z } = await network.run({ x: normalised(images, shape.resolution, normalisation) });
          return z!.data as Float32Array;
        },
        dispose: () => network.dispose(),
      };
    },
  };
}

/** Where the contrastive loss meets its views, at the last level, but without their noise. */
const encoderProgram = (shape: NetworkShape, batch: number): Program =>
  trace("epg.encode", (p) => {
    const x = p.input("x", [batch, 3, shape.resolution, shape.resolution]);
    const { sigma, time } = cleanLevel(shape.resolution, batch);
    p.output("z", representation(p, shape, scaleInput(x, sigma), time));
  });

function normalised(images: Uint8Array, side: number, normalisation: Normalisation) {
  const size = 3 * side ** 2;
  const scales = channelScales(normalisation);
  const x = new Float32Array(images.length);
  for (let from = 0; from < images.length; from += size)
    normalise(images.subarray(from, from + size), side, scales, false, x.subarray(from, from + size));
  return floats([images.length / size, 3, side, side], x);
}
