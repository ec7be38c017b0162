/** Networks in ONNX files: a generator, a denoiser of images, or a latent model's denoiser and decoder. */
import type { Elsewhere, Model, ModelContext, Task, Told } from "../../../harness/plugin.ts";
import { contentOf } from "../content.ts";
import { toldOf } from "../declared.ts";
import { inBatches } from "./batches.ts";
import type { CallsAnImage, PlannedFiles } from "./files.ts";
import { planLatent } from "./latent.ts";
import { type OnnxOptions, schema } from "./options.ts";
import { planPixels } from "./pixels.ts";

/** @throws UserError for files that are none of these, or do not fit the task */
const planned = (options: OnnxOptions, task: Task, context: ModelContext): Promise<PlannedFiles> =>
  options.latent === null
    ? planPixels(options, task, context)
    : planLatent({ ...options, latent: options.latent }, task, context);

/** By the files' own account, where the config declares no MACs. */
function costOf(
  calls: CallsAnImage,
  [network, decoder]: PlannedFiles["files"],
  declared: Told | null,
): Pick<Elsewhere, "calls" | "macs" | "parameters" | "decoder"> {
  const counted = (value: number): Told => ({ value, by: "counted" });
  const reported = (called: number | null, macs: number | null): Told | null =>
    called === null || macs === null ? null : { value: called * macs, by: "reported" };
  const denoising = reported(calls.network, network.macs);
  const called = calls.network === null ? null : counted(calls.network);
  if (!decoder)
    return { calls: called, macs: declared ?? denoising, parameters: counted(network.parameters) };
  const decoding = reported(calls.decoder, decoder.macs);
  return {
    calls: called,
    macs: declared ?? (denoising && decoding && { ...denoising, value: denoising.value + decoding.value }),
    parameters: counted(network.parameters + decoder.parameters),
    decoder: {
      calls: counted(calls.decoder),
      macs: declared ? null : decoding,
      parameters: counted(decoder.parameters),
    },
  };
}

const model: Model<OnnxOptions> = {
  name: "onnx",
  schema,
  stages: () => [],
  samplingBatchSize: ({ batchSize }) => batchSize,
  deviations: () => [],
  async identity(options, task, context) {
    const { files } = await planned(options, task, context);
    return contentOf(files.flatMap((file) => (file ? [file.path, ...file.data] : [])));
  },
  async elsewhere(options, task, context) {
    const plan = await planned(options, task, context);
    const told = toldOf({ ...options, calls: null, parameters: null });
    return { ...told, ...costOf(await plan.callsAnImage(), plan.files, told.macs), ownProcess: false };
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
