/** The denoising loss over the tensors of a reference batch: x0, noise, y, sigma, weight. */
import type { Tensors, Tracer } from "../../harness/program/index.ts";
import { denoisingLoss } from "../../plugins/models/epg/losses.ts";
import type { NetworkShape } from "../../plugins/models/epg/network.ts";
import { level, levelTensors, like, picked } from "./epg.ts";

export const tracedDenoisingLoss = (p: Tracer, shape: NetworkShape, batch: Tensors) =>
  denoisingLoss(
    p,
    shape,
    {
      x0: like(p, "x0", batch.x0!),
      noise: like(p, "noise", batch.noise!),
      labels: like(p, "y", batch.y!),
      level: level(p, "level", batch.y!.data.length),
    },
    like(p, "weight", batch.weight!),
  );

export const denoisingInputs = (batch: Tensors): Tensors => ({
  ...picked(batch, "x0", "noise", "y", "weight"),
  ...levelTensors("level", batch.sigma!),
});
