/** Networks in ONNX files: a generator, a denoiser of images, or a latent model's denoiser and decoder. */
import type { Model, ModelContext, Task } from "../../../harness/plugin.ts";
import { contentOf } from "../content.ts";
import { toldOf } from "../declared.ts";
import { inBatches } from "./batches.ts";
import type { PlannedFiles } from "./files.ts";
import { planLatent } from "./latent.ts";
import { type OnnxOptions, schema } from "./options.ts";
import { planPixels } from "./pixels.ts";

/** @throws UserError for files that are none of these, or do not fit the task */
const planned = (options: OnnxOptions, task: Task, context: ModelContext): Promise<PlannedFiles> =>
  options.latent === null
    ? planPixels(options, task, context)
    : planLatent({ ...options, latent: options.latent }, task, context);

const model: Model<OnnxOptions> = {
  name: "onnx",
  schema,
  stages: () => [],
  samplingBatchSize: ({ batchSize }) => batchSize,
  deviations: () => [],
  async identity(options, task, context) {
    const { files } = await planned(options, task, context);
    return contentOf(files.flatMap(({ path, data }) => [path, ...data]));
  },
  async elsewhere(options, task, context) {
    const { files, callsAnImage } = await planned(options, task, context);
    const { macs, trainFlops } = toldOf({ ...options, calls: null, parameters: null });
    const calls = await callsAnImage();
    return {
      calls: calls === null ? null : { value: calls, by: "counted" },
      macs,
      parameters: { value: files.reduce((sum, { parameters }) => sum + parameters, 0), by: "counted" },
      trainFlops,
      ownProcess: false,
    };
  },
  resampled: async (options, task, terms, context) =>
    (await planned(options, task, context)).resampled(terms),
  async sampler(options, task, _weights, _runtime, batchSize, context) {
    const files = await planned(options, task, context);
    const { batch, description, make, calls, dispose } = await files.open(batchSize);
    let rounds = 0;
    return {
      batchSize,
      description,
      sample: (streams, labels) =>
        inBatches(batch, task.resolution, streams, labels, (some, of) => {
          rounds++;
          return make(some, of);
        }),
      calls: () => (rounds === 0 ? null : { value: calls() / rounds, by: "counted" }),
      dispose,
    };
  },
};

export default model;
