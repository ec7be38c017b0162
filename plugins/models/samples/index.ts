/** Images that were made elsewhere, as an entry's samples. */
import { z } from "zod";
import type { Model } from "../../../harness/plugin.ts";
import { declaredCosts, toldOf } from "../declared.ts";

const schema = z.strictObject({
  /** A folder, tar or zip of PNG, JPEG or WebP files, or an .npz of `arr_0`. */
  path: z.string().min(1),
  ...declaredCosts,
});

type SamplesOptions = z.infer<typeof schema>;
export type SamplesInput = z.input<typeof schema>;

const model: Model<SamplesOptions> = {
  name: "samples",
  schema,
  stages: () => [],
  samplingBatchSize: () => 1,
  deviations: () => [],
  images: ({ path }) => path,
  elsewhere: (options) => ({ ...toldOf(options), ownProcess: true }),
  resampled: () => "its images exist already",
  async sampler() {
    throw new Error("internal: the images exist already");
  },
};

export default model;
