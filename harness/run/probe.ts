/** A kNN probe: whether an encoder trained without labels puts images of one class beside each other. */

import { inBatches } from "../batches.ts";
import { product, storedRows } from "../linear-algebra/index.ts";
import { chanceAccuracy, KNN, knnAccuracy, type LabelledFeatures } from "../metrics/index.ts";
import type { Encoder, EncoderProbe, ImageSource } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { probeCode } from "./identity.ts";
import { type JobHost, type ProbeJob, type ProbeResult, Stopped } from "./jobs.ts";
import { firstLabels } from "./labels.ts";
import { openEntry, scoringPrecision } from "./open.ts";
import { requireSameCode } from "./origin.ts";
import { store } from "./store.ts";
import { readWeights } from "./tensors.ts";
import { untrainedWeights } from "./untrained.ts";

/** The encoder as trained, and as it was before its first step; nothing of it is billed as training. */
export async function probe(job: ProbeJob, host: JobHost): Promise<ProbeResult> {
  const opened = await openEntry({ ...job, config: scoringPrecision(job.config) });
  requireSameCode(job.origin, probeCode());
  const { model, options, dataset, task, backend } = opened;
  const encoder = model.encoderProbe!(options, task)!;
  const { train, heldOut } = dataset;
  const total = 2 * (train.length + heldOut.length);
  let done = 0;
  const seen = (images: number): void => {
    if (host.stopping()) throw new Stopped(`stopped after ${done} of ${total} images`);
    done += images;
    host.emit({ type: "progress", done, total, unit: "images" });
  };
  const accuracyOf = async (weights: Tensors) => {
    const network = await encoder.open(weights, backend);
    const encoded = (source: ImageSource) => encodedImages(source, network, encoder, seen);
    const [bank, queries] = [await encoded(train), await encoded(heldOut)];
    await network.dispose();
    return knnAccuracy(bank, queries, task.classes, KNN, backend.product ?? product);
  };
  const { [encoder.stage]: trained } = await readWeights({ [encoder.stage]: job.stage });
  const { n, value, standardError } = await accuracyOf(trained!);
  const { [encoder.stage]: initial } = await untrainedWeights(
    { config: job.config, pretrained: [] },
    opened,
    encoder.stage,
  );
  const result: ProbeResult = {
    n,
    bank: train.length,
    accuracy: value,
    standardError,
    untrained: (await accuracyOf(initial!)).value,
    chance: chanceAccuracy(firstLabels(heldOut), task.classes),
    encoder: encoder.convention,
  };
  await store(job.folder, result, []);
  return result;
}

/** All images of a part: their features are held in float32, what is worked on at once in float64. */
async function encodedImages(
  source: ImageSource,
  network: Encoder,
  { batchSize, dims }: EncoderProbe,
  seen: (images: number) => void,
): Promise<LabelledFeatures> {
  const n = source.length;
  const rows = await inBatches(n, batchSize, new Float32Array(n * dims), async (positions, start) => {
    const features = await network.encode(await source.images(positions));
    seen(Math.min(batchSize, n - start));
    return features;
  });
  const features = storedRows(n, dims, async (from, to) =>
    Float64Array.from(rows.subarray(from * dims, to * dims)),
  );
  return { features, labels: firstLabels(source) };
}
