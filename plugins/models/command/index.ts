/** Any program as a model: asked for batches in JSON lines, it answers with raw frames or a folder of images. */
import type { Model } from "../../../harness/plugin.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { contentOf } from "../content.ts";
import { toldOf } from "../declared.ts";
import { ask } from "./answer.ts";
import { filesOf } from "./files.ts";
import { type CommandOptions, schema } from "./options.ts";
import { Program } from "./program.ts";

/** Below 2⁵³, which every language's JSON reads as it is. */
const seedOf = (stream: Stream): number => stream.integer(2 ** 21) * 2 ** 32 + stream.integer(2 ** 32);

const model: Model<CommandOptions> = {
  name: "command",
  schema,
  stages: () => [],
  samplingBatchSize: ({ batchSize }) => batchSize,
  deviations: () => [],
  identity: async (options, _task, { baseFolder }) => contentOf(filesOf(options, baseFolder)),
  elsewhere: (options) => ({ ...toldOf(options), ownProcess: true }),
  resampled: () => "how it samples is its program's affair",
  async sampler(options, { resolution }, _weights, _runtime, batchSize, { baseFolder }) {
    const { command, startSeconds, batchSeconds } = options;
    const program = new Program(command, baseFolder);
    let batches = 0;
    let calls: number | null = 0;
    return {
      batchSize,
      description: { program: command.join(" ") },
      async sample(streams, labels) {
        const images = streams.map((stream, k) => ({
          seed: seedOf(stream),
          label: labels[k]! < 0 ? null : labels[k]!,
        }));
        const batch = await ask(program, JSON.stringify({ images, resolution }), {
          n: batchSize,
          side: resolution,
          folder: baseFolder,
          seconds: batchSeconds + (batches === 0 ? startSeconds : 0),
        });
        batches++;
        calls = calls === null || batch.calls === null ? null : calls + batch.calls;
        return batch.images;
      },
      calls: () => (calls === null || batches === 0 ? null : { value: calls / batches, by: "reported" }),
      dispose: () => program.close(),
    };
  },
};

export default model;
